"""Operators by their tokens, and the limit of failed attempts per network."""

import hmac
import re
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self

from read_models.store import StoreUnavailable
from read_models.store.operational import RateLimit, RateLimiter
from web.tokens import digest

WRONG_TOKENS: Final = 20
WITHIN: Final = timedelta(minutes=10)
"""So many wrong tokens a network may show in so long; then the right one does not open either."""
MOST_NETWORKS: Final = 10_000

_IS_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch


class Operator(NamedTuple):
    """Somebody of the staff."""

    name: str
    token: str

    @property
    def by(self) -> str:
        """Name of the operator, as in the audit."""
        return f"staff:{self.name}"


class Operators:
    """The operators of `PORTAL_STAFF_TOKEN`."""

    def __init__(self, known: Sequence[Operator]) -> None:
        self._known = {digest(one.token): one for one in known}
        self._names = {one.name: one for one in known}

    @classmethod
    def read(cls, text: str) -> Self:
        """Return those of `name:token[,name:token]`; raises ValueError, which quotes no token."""
        known = []
        for number, part in enumerate(text.split(","), 1):
            name, _, token = part.strip().partition(":")
            if not _IS_NAME(name) or not token or not token.isascii():
                raise ValueError(
                    f"entry {number} is not name:token, in ASCII, a name of letters, digits, . _ -"
                )
            known.append(Operator(name, token))
        if len({one.name for one in known}) < len(known) or len({one.token for one in known}) < len(known):
            raise ValueError("names and tokens have to differ")
        return cls(known)

    def of_token(self, token: str) -> Operator | None:
        """Return whose token it is. All are compared, their hashes: the time tells neither which nor how much of it
        fits."""
        shown = digest(token)
        found = None
        for known, operator in self._known.items():
            if hmac.compare_digest(known, shown):
                found = operator
        return found

    def named(self, name: str) -> Operator | None:
        """Return the operator of a name, who may be none any more."""
        return self._names.get(name)


class TooManyTokenAttempts(Exception):
    """Too many wrong tokens; the next try is worth it after `retry_after`."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class FailedAttempts:
    """Wrong tokens by network, counted for all processes together.

    Who shows the right one waits for no database: each process remembers what it saw, and learns with the next wrong
    token that a network has used up its tries elsewhere. While MongoDB is away each counts for itself.
    """

    def __init__(self, limits: RateLimiter, clock: Callable[[], datetime]) -> None:
        self._limits = limits
        self._clock = clock
        self._wrong: dict[str, deque[datetime]] = {}

    def check(self, network: str) -> None:
        """Raise TooManyAttempts when the network has tried too often."""
        wrong = self._wrong.get(network)
        if wrong is not None and len(wrong) == WRONG_TOKENS:
            left = wrong[0] + WITHIN - self._clock()
            if left > timedelta():
                raise TooManyTokenAttempts(left)

    async def note(self, network: str) -> None:
        """Count one more wrong token; raise TooManyTokenAttempts beyond the limit of the network."""
        now = self._clock()
        self._remember(network, now)
        try:
            taken = await self._limits.acquire(RateLimit(f"staff/{network}", WRONG_TOKENS, WITHIN), now)
        except StoreUnavailable:
            return
        if isinstance(taken, datetime):
            for _ in range(WRONG_TOKENS):
                self._remember(network, taken - WITHIN)
            raise TooManyTokenAttempts(taken - now)

    def _remember(self, network: str, at: datetime) -> None:
        """Count a try; beyond `MOST_NETWORKS` drop the networks that were quiet for longest."""
        wrong = self._wrong.pop(network, deque(maxlen=WRONG_TOKENS))
        wrong.append(at)
        self._wrong[network] = wrong
        if len(self._wrong) > MOST_NETWORKS:
            del self._wrong[next(iter(self._wrong))]
