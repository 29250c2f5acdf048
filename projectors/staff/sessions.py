"""Operators that are signed in with a browser."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from projectors.staff.operators import Operator, Operators
from read_models.store import StoreUnavailable
from read_models.store.operational import StaffSession, StaffSessions
from web.tokens import digest, new_token

COOKIE: Final = "__Host-staff"
"""No slug's cookie has this name, and hosts share cookies between their ports."""
IDLE: Final = timedelta(hours=1)
LIFE: Final = timedelta(hours=12)
"""Unused for `IDLE`, or begun so long ago, a session is over. A page that renews itself is used."""
SEEN_EVERY: Final = timedelta(minutes=1)
REMEMBERED: Final = 1000


class StaffSessionService:
    """The sessions; while MongoDB is away, those that this process has seen go on."""

    def __init__(self, records: StaffSessions, operators: Operators, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._operators = operators
        self._clock = clock
        self._remembered: dict[str, StaffSession] = {}

    async def start(self, operator: Operator) -> str:
        """Sign in, and answers the session's token; raises StoreUnavailable."""
        token, now = new_token(), self._clock()
        await self._records.start(
            StaffSession(digest(token), operator.name, _credential(token, operator), now, now, now + IDLE)
        )
        return token

    async def find(self, token: str) -> Operator | None:
        """Return who is signed in with a token; None when the session is over or the operator's own token is another.

        Raises StoreUnavailable.
        """
        hashed = digest(token)
        try:
            record = await self._records.find(hashed)
        except StoreUnavailable:
            record = self._remembered.get(hashed)
            if record is None:
                raise
        self._remembered.pop(hashed, None)
        if record is None or (now := self._clock()) >= record.gone_at:
            return None
        operator = self._operators.named(record.name)
        if operator is None or not hmac.compare_digest(record.credential, _credential(token, operator)):
            return None
        if now - record.seen_at > SEEN_EVERY:
            record = record._replace(seen_at=now, gone_at=min(now + IDLE, record.started_at + LIFE))
            await self._note(record)
        self._remembered[hashed] = record
        if len(self._remembered) > REMEMBERED:
            del self._remembered[next(iter(self._remembered))]
        return operator

    async def end(self, token: str) -> None:
        """Sign out; raises StoreUnavailable."""
        self._remembered.pop(digest(token), None)
        await self._records.end(digest(token))

    async def _note(self, record: StaffSession) -> None:
        try:
            await self._records.seen(record.token, record.seen_at, record.gone_at)
        except StoreUnavailable:
            return  # remembered here; the next use tries again


def _credential(token: str, operator: Operator) -> str:
    return hmac.digest(token.encode(), operator.token.encode(), "sha256").hex()
