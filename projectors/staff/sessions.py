"""Browser sessions of operators."""

import hmac
from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Final

from projectors.staff.operators import Operator, Operators
from read_models.store import StoreUnavailable
from read_models.store.operational import StaffSession, StaffSessions
from web.tokens import digest, new_token

COOKIE: Final = "__Host-staff"
"""Differs from all cookies of the customer surface, since ports of a host share cookies."""
IDLE_TTL: Final = timedelta(hours=1)
SESSION_TTL: Final = timedelta(hours=12)
"""A session ends unused after `IDLE_TTL`, in any case after `SESSION_TTL`; a page that reloads itself counts as use."""
TOUCH_INTERVAL: Final = timedelta(minutes=1)
MAX_CACHED_SESSIONS: Final = 1000


class StaffSessionService:
    """Sessions of operators; cached ones stay valid while MongoDB is unavailable."""

    def __init__(self, records: StaffSessions, operators: Operators, clock: Callable[[], datetime]) -> None:
        self._records = records
        self._operators = operators
        self._clock = clock
        self._cached: dict[str, StaffSession] = {}

    async def start(self, operator: Operator) -> str:
        """Start a session and return its token; raises StoreUnavailable."""
        token, now = new_token(), self._clock()
        await self._records.start(
            StaffSession(digest(token), operator.name, _credential(token, operator), now, now, now + IDLE_TTL)
        )
        return token

    async def find(self, token: str) -> Operator | None:
        """Return the operator of a session; None if it has ended or the operator's own token has changed.

        Raises StoreUnavailable.
        """
        hashed = digest(token)
        try:
            record = await self._records.find(hashed)
        except StoreUnavailable:
            record = self._cached.get(hashed)
            if record is None:
                raise
        self._cached.pop(hashed, None)
        if record is None or (now := self._clock()) >= record.gone_at:
            return None
        operator = self._operators.find_by_name(record.name)
        if operator is None or not hmac.compare_digest(record.credential, _credential(token, operator)):
            return None
        if now - record.seen_at > TOUCH_INTERVAL:
            record = record._replace(
                seen_at=now, gone_at=min(now + IDLE_TTL, record.started_at + SESSION_TTL)
            )
            await self._note(record)
        self._cached[hashed] = record
        if len(self._cached) > MAX_CACHED_SESSIONS:
            del self._cached[next(iter(self._cached))]
        return operator

    async def end(self, token: str) -> None:
        """End the session; raises StoreUnavailable."""
        self._cached.pop(digest(token), None)
        await self._records.end(digest(token))

    async def _note(self, record: StaffSession) -> None:
        try:
            await self._records.seen(record.token, record.seen_at, record.gone_at)
        except StoreUnavailable:
            return  # cached here; the next request tries again


def _credential(token: str, operator: Operator) -> str:
    return hmac.digest(token.encode(), operator.token.encode(), "sha256").hex()
