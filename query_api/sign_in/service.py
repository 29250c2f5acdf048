"""Sign-in service. The JSON API and the pages call the same functions, which raise `errors`.

Nothing here depends on whether an address is known until a right code or link is shown: asking for a code counts
and keeps the same for every address, and the mailer finds out for whom there is a mail to write.
"""

import re
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

from query_api.config import SignInLimits as LimitSettings
from query_api.sign_in.codes import HmacKeyRing, new_id
from query_api.sign_in.cookies import ClientInfo
from query_api.sign_in.errors import (
    Account,
    AccountChoiceRequired,
    InvalidCredentials,
    InvalidEmail,
    SignInDisabled,
    TooManyAttempts,
)
from query_api.sign_in.sessions import Session, SessionService
from read_models.clock import Clock
from read_models.customer import normalize_email
from read_models.documents import Doc
from read_models.queries.portal import ACCOUNTS_OF_AN_ADDRESS, CustomerScope, PortalQueries
from read_models.store.operational import OperationalStore
from read_models.store.operational import SignInRequest as Record
from read_models.store.operational.rate_limits import Hit, RateLimit
from web.tokens import TOKEN_LENGTH, digest, new_token

__all__ = [
    "AccountChoiceRequired",
    "InvalidCredentials",
    "InvalidEmail",
    "LinkStatus",
    "SignInDisabled",
    "SignInService",
    "TooManyAttempts",
]

CODE_LIFE = timedelta(minutes=10)
"""How long code and link of a mail work."""

CODES_ALIVE = 2
"""Who asks twice may use the mail that comes first (docs/contracts/api.md)."""

ADDRESS = re.compile(r"[^@\s\x00-\x1f\x7f<>]{1,64}@[^@\s\x00-\x1f\x7f<>]{1,189}")
"""What a mail can be sent to (RFC 5321, 4.5.3.1)."""

SEPARATORS = re.compile(r"[\s\-\u2010-\u2015]")
"""What people and mail programs put between the digits of a code."""


class LinkStatus(NamedTuple):
    """Status of a mailed link, for its page."""

    email: str | None
    """The address it signs in; None when it does not work, or not any more."""
    newer_at: datetime | None
    """When a newer mail was sent to the same address, if one was."""


class SignInService:
    """Sign-in for all businesses."""

    def __init__(
        self,
        records: OperationalStore,
        reads: PortalQueries,
        sessions: SessionService,
        keys: HmacKeyRing | None,
        limits: LimitSettings,
        clock: Clock,
    ) -> None:
        """`keys` is None where sign-in is off."""
        self._records = records
        self._reads = reads
        self._sessions = sessions
        self._keys = keys
        self._limits = limits
        self._clock = clock

    async def session(self, business: Doc, token: str | None) -> Session | None:
        """Return who is signed in to a business with the token of a session cookie; None when nobody is."""
        return await self._sessions.find(business, token)

    async def request_code(self, business: Doc, email: str, browser: ClientInfo) -> str:
        """Have code and link mailed to an address, if the business knows it, and answer the browser's binding.

        Raises InvalidEmail, TooManyAttempts, SignInDisabled.
        """
        address = normalize_email(email)
        if not ADDRESS.fullmatch(address):
            raise InvalidEmail
        limits, within = self._limits, LimitSettings.MAILS_WITHIN
        await self._acquire_limits(
            self._limit("mails/network", limits.mails_per_network, within, browser.network),
            self._limit("mails/address", limits.mails_per_address, within, business["_id"], address),
        )
        binding = browser.binding or new_token()
        await self._records.sign_ins.create(
            new_id(), business["_id"], address, digest(binding), self._clock()
        )
        return binding

    async def sign_in_with_code(
        self, business: Doc, email: str, code: str, browser: ClientInfo, customer_id: str | None = None
    ) -> str:
        """Sign in with a mailed code, in the browser that asked for it, and answers the session's token.

        Raises InvalidCredentials, TooManyAttempts, SignInDisabled; AccountChoiceRequired, having used nothing up.
        """
        address, binding = normalize_email(email), digest(browser.binding or "")
        limits, within = self._limits, LimitSettings.WRONG_CODES_WITHIN
        # Counted before the code is looked at, so that no two tries at the same moment count as one.
        tries = await self._acquire_limits(
            self._limit("codes/network", limits.wrong_codes_per_network, within, browser.network),
            self._limit(
                "codes/address", limits.wrong_codes_per_address, within, business["_id"], address, binding
            ),
        )
        sign_in = await self._of_code(business, address, SEPARATORS.sub("", code), binding)
        try:
            token = await self._start_session(sign_in, browser, customer_id)
        except AccountChoiceRequired:
            await self._give_back(tries)
            raise
        await self._give_back(tries)
        return token

    async def sign_in_with_link(
        self, business: Doc, token: str, browser: ClientInfo, customer_id: str | None = None
    ) -> str:
        """Sign in with the token of a mailed link, in any browser, and answers the session's token.

        Raises InvalidCredentials; AccountChoiceRequired, having used nothing up.
        """
        sign_in = await self._of_link(business, token)
        if sign_in is None or not await self._is_current(sign_in):
            raise InvalidCredentials
        return await self._start_session(sign_in, browser, customer_id)

    async def link(self, business: Doc, token: str) -> LinkStatus:
        """Return what a mailed link is worth. Uses nothing up."""
        sign_in = await self._of_link(business, token)
        if sign_in is None or sign_in.sent_at is None:
            return LinkStatus(None, None)
        if await self._is_current(sign_in):
            return LinkStatus(sign_in.address, None)
        latest = await self._records.sign_ins.last_sent_at(sign_in.business, sign_in.address)
        return LinkStatus(None, latest if latest and latest > sign_in.sent_at else None)

    async def sign_out(self, browser: ClientInfo) -> None:
        """End the browser's session, if it has one."""
        await self._sessions.end(browser.session)

    async def accounts(self, session: Session, limit: int = ACCOUNTS_OF_AN_ADDRESS) -> Sequence[Account]:
        """Return the first customers of the business that the person may switch to, the present one among them all."""
        customers = await self._reads.customers_by_email(session.scope.business, session.address, limit)
        return [account(customer) for customer in customers]

    async def switch(self, session: Session, customer_id: str, browser: ClientInfo) -> str | None:
        """Go on as another customer of the same address, with a new session whose token it answers.

        It ends when the one before would have: nobody signed in anew. None where the address has no such customer.
        """
        scope = CustomerScope(session.scope.business, customer_id)
        if await self._customer_with_email(session.address, scope) is None:
            return None
        since = session.record.started_at
        return await self._sessions.start(scope, session.address, browser, since=since)

    async def _start_session(
        self, sign_in: Record | None, browser: ClientInfo, customer_id: str | None
    ) -> str:
        """Use a sign-in up for a session. Raises InvalidCredentials; AccountChoiceRequired, having used nothing up."""
        if sign_in is None:
            raise InvalidCredentials
        if customer_id is None:
            customers = await self._reads.customers_by_email(sign_in.business, sign_in.address)
            if len(customers) > 1:
                raise AccountChoiceRequired([account(customer) for customer in customers])
            chosen = next(iter(customers), None)
        else:
            chosen = await self._customer_with_email(
                sign_in.address, CustomerScope(sign_in.business, customer_id)
            )
        if chosen is None or not await self._records.sign_ins.consume(sign_in):
            raise InvalidCredentials
        scope = CustomerScope(sign_in.business, chosen["id"])
        token = await self._sessions.start(scope, sign_in.address, browser)
        if token is None:
            raise InvalidCredentials
        return token

    async def _customer_with_email(self, address: str, scope: CustomerScope) -> Doc | None:
        """Return the customer that is named, if it has the address."""
        known = await self._reads.customer(scope)
        # What is named comes from outside, and may be the name of a document that is no customer's.
        return known.document if known and address in known.document.get("sign_in", ()) else None

    async def _of_code(self, business: Doc, address: str, code: str, binding: str) -> Record | None:
        candidates = await self._records.sign_ins.latest(business["_id"], address, binding, CODES_ALIVE)
        right = [
            sign_in
            for sign_in in candidates
            if self._key_ring().verify(sign_in.code or "", "code", sign_in.id, code)
            and self._is_unexpired(sign_in)
        ]
        return right[0] if right else None

    async def _of_link(self, business: Doc, token: str) -> Record | None:
        if len(token) != TOKEN_LENGTH:
            return None
        return await self._records.sign_ins.of_link(business["_id"], digest(token))

    async def _is_current(self, sign_in: Record) -> bool:
        latest = await self._records.sign_ins.latest(
            sign_in.business, sign_in.address, sign_in.browser, CODES_ALIVE
        )
        return self._is_unexpired(sign_in) and any(known.id == sign_in.id for known in latest)

    def _is_unexpired(self, sign_in: Record) -> bool:
        sent_at = sign_in.sent_at
        return not sign_in.used and sent_at is not None and self._clock() < sent_at + CODE_LIFE

    def _limit(self, name: str, times: int, within: timedelta, *whose: str) -> RateLimit:
        # Sealed, as addresses and networks are nobody's business.
        return RateLimit(f"{name}/{self._key_ring().sign('limit', name, *whose)}", times, within)

    async def _acquire_limits(self, *limits: RateLimit) -> Sequence[Hit]:
        """Return one time of each limit; raises TooManyAttempts, having taken none."""
        taken: list[Hit] = []
        now = self._clock()
        for limit in limits:
            hit = await self._records.limits.acquire(limit, now)
            if isinstance(hit, datetime):
                await self._give_back(taken)
                raise TooManyAttempts(hit - now)
            taken.append(hit)
        return taken

    async def _give_back(self, hits: Sequence[Hit]) -> None:
        for hit in hits:
            await self._records.limits.release(hit)

    def _key_ring(self) -> HmacKeyRing:
        if self._keys is None:
            raise SignInDisabled
        return self._keys


def account(customer: Doc) -> Account:
    """Return a customer as it is offered to choose from."""
    first = next(iter(customer["addresses"]), None)
    return {"id": customer["id"], "name": customer["name"], "address": first["line1"] if first else None}
