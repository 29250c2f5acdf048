"""Sessions: who is signed in, until when, and on which devices.

A session is worth nothing by itself: it counts while its address stands in its customer's record, and the customer
has not been erased; that is looked at with every request. A closed business has no portal, and so no sessions.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from query_api.refresh_ahead_cache import BatchRefreshAheadCache
from query_api.sign_in.codes import new_id
from query_api.sign_in.cookies import SESSION_LIFE, ClientInfo
from read_models.clock import Clock
from read_models.documents import Doc, owner_id
from read_models.queries.portal import CustomerScope, CustomerSnapshot, PortalQueries
from read_models.store import ReadModelStore
from read_models.store.operational import OperationalStore, SessionRecord
from web.tokens import digest, new_token

IDLE_LIMIT = timedelta(days=30)
"""A session not used for so long is over."""

LAST_SEEN_PRECISION = timedelta(minutes=5)
"""How exactly it is noted when a session was used."""

CACHE_TTL_S = 0.9
"""What another process ended is seen within a second; what this one, erasure or a new address ends, with the next
request."""

NEW_VISIT_AFTER = timedelta(minutes=30)
"""Who was not seen for so long and comes back begins another visit: what happened meanwhile is new to them."""


class Session(NamedTuple):
    """Somebody who is signed in. Whose documents may be read comes from here alone."""

    scope: CustomerScope
    record: SessionRecord
    known: CustomerSnapshot
    """The customer as of now."""

    @property
    def customer(self) -> Doc:
        """The customer's document: not to be changed."""
        return self.known.document

    @property
    def address(self) -> str:
        """The e-mail address that signed in."""
        return self.record.address

    @property
    def ends_at(self) -> datetime:
        """End of the session, used or not."""
        return self.record.started_at + SESSION_LIFE


class SessionService:
    """The sessions of all businesses. What another process ended is seen a moment late."""

    def __init__(
        self, records: OperationalStore, store: ReadModelStore, reads: PortalQueries, clock: Clock
    ) -> None:
        self._records = records.sessions
        self._store = store
        self._reads = reads
        self._clock = clock
        self._current = BatchRefreshAheadCache(self._look_up, CACHE_TTL_S)

    async def start(
        self, scope: CustomerScope, address: str, browser: ClientInfo, *, since: datetime | None = None
    ) -> str | None:
        """Sign an address in as a customer, in place of the browser's present session, and answers the token.

        `since` is when the person signed in, if it was not now. None where the customer has just been erased.
        """
        await self.end(browser.session)
        token, now = new_token(), self._clock()
        started_at = since or now
        record = SessionRecord(
            token=digest(token),
            id=new_id(),
            business=scope.business,
            customer=scope.customer,
            address=address,
            device=browser.device,
            started_at=started_at,
            seen_at=now,
            gone_at=_gone_at(now, started_at),
        )
        await self._records.start(record)
        if await self._erased(scope):
            # The erasure has ended the sessions that it knew.
            await self._end(record.token)
            return None
        return token

    async def find(self, business: Doc, token: str | None) -> Session | None:
        """Return who is signed in to a business with a token; None with another business's, or when it is over."""
        return await self.find_by_digest(business, digest(token)) if token else None

    async def find_by_digest(self, business: Doc, hashed: str) -> Session | None:
        """Return a session by its token's digest, as `find` does by the token."""
        record = await self._current.get(hashed)
        if record is None or record.business != business["_id"] or self._is_expired(record):
            return None
        scope = CustomerScope(record.business, record.customer)
        known = await self._reads.customer(scope)
        if known is None:
            if await self._erased(scope):
                # It began beside the erasure, which did not know of it: nothing of it is to be left.
                await self._end(record.token)
            return None
        if record.address not in known.document["sign_in"]:
            # For good: the address may come back to the customer, the session does not.
            await self._end(record.token)
            return None
        return Session(scope, record, known)

    async def end(self, token: str | None) -> None:
        """End the session of a token; nothing when there is none."""
        if token:
            await self._end(digest(token))

    async def devices(self, session: Session) -> list[SessionRecord]:
        """Return the devices that the person is signed in on at the business, the latest first."""
        found = await self._records.devices(session.scope.business, session.address)
        return [record for record in found if not self._is_expired(record)]

    async def end_device(self, session: Session, device: str) -> bool:
        """Sign one of the person's devices out; False when there is no such device."""
        person = session.scope.business, session.address
        tokens = [one.token for one in await self._records.devices(*person) if one.id == device]
        ended = await self._records.end_device(*person, device)
        self._current.invalidate(*tokens)
        return ended

    async def end_devices(self, session: Session) -> None:
        """Sign the person out everywhere, here included."""
        person = session.scope.business, session.address
        tokens = [one.token for one in await self._records.devices(*person)]
        await self._records.end_devices(*person)
        self._current.invalidate(*tokens)

    async def _look_up(self, hashed: Sequence[str]) -> dict[str, SessionRecord | None]:
        found, now = await self._records.find(hashed), self._clock()
        for record in found.values():
            if record and record.gone_at > now and now - record.seen_at > LAST_SEEN_PRECISION:
                await self._note_use(record, now)
        return found

    async def _erased(self, scope: CustomerScope) -> bool:
        """Return whether there is the tombstone: who is not to be found may be so because the views are not there
        yet."""
        (found,) = await self._store.documents(owner_id(*scope))
        return found is not None and "erased" in found

    async def _end(self, hashed: str) -> None:
        await self._records.end(hashed)
        self._current.invalidate(hashed)

    async def _note_use(self, record: SessionRecord, now: datetime) -> None:
        last_here = record.seen_at if now - record.seen_at > NEW_VISIT_AFTER else record.last_here_at
        await self._records.seen(record.token, now, _gone_at(now, record.started_at), last_here)

    def _is_expired(self, record: SessionRecord) -> bool:
        return record.gone_at <= self._clock()


def _gone_at(now: datetime, started_at: datetime) -> datetime:
    return min(now + IDLE_LIMIT, started_at + SESSION_LIFE)
