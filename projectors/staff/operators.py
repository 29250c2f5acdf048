"""Operators, their tokens, and the limit on wrong tokens per network."""

import hmac
import re
from collections import deque
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta
from typing import Final, NamedTuple, Self

from read_models.store import StoreUnavailable
from read_models.store.operational import RateLimit, RateLimiter
from web.tokens import digest

MAX_WRONG_TOKENS: Final = 20
WRONG_TOKEN_WINDOW: Final = timedelta(minutes=10)
"""Window for `MAX_WRONG_TOKENS` of a network; beyond, even correct tokens are refused."""
MAX_NETWORKS: Final = 10_000

_IS_NAME: Final = re.compile(r"[A-Za-z0-9._-]{1,64}").fullmatch


class Operator(NamedTuple):
    """Operator with a name for the audit and a secret token."""

    name: str
    token: str

    @property
    def by(self) -> str:
        """Name of the operator, as in the audit."""
        return f"staff:{self.name}"


class Operators:
    """Operators listed in `PORTAL_STAFF_TOKEN`."""

    def __init__(self, operators: Sequence[Operator]) -> None:
        self._by_digest = {digest(operator.token): operator for operator in operators}
        self._by_name = {operator.name: operator for operator in operators}

    @classmethod
    def read(cls, text: str) -> Self:
        """Parse `name:token[,name:token]`; raise ValueError without quoting a token."""
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

    def find_by_token(self, token: str) -> Operator | None:
        """Return the operator of a token. Hashes of all tokens are compared, so that timing reveals nothing."""
        presented = digest(token)
        match = None
        for expected, operator in self._by_digest.items():
            if hmac.compare_digest(expected, presented):
                match = operator
        return match

    def find_by_name(self, name: str) -> Operator | None:
        """Return the operator of a name; None if the name is no longer listed."""
        return self._by_name.get(name)


class TooManyTokenAttempts(Exception):
    """A network has sent too many wrong tokens; retry after `retry_after`."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class FailedAttempts:
    """Wrong tokens by network, counted across all processes.

    Correct tokens never wait for MongoDB: each process keeps its own counts, and learns with the next wrong token that
    a network has used up its attempts elsewhere. While MongoDB is unavailable each process counts for itself.
    """

    def __init__(self, limits: RateLimiter, clock: Callable[[], datetime]) -> None:
        self._limits = limits
        self._clock = clock
        self._wrong: dict[str, deque[datetime]] = {}

    def check(self, network: str) -> None:
        """Raise TooManyTokenAttempts if the network has used up its attempts."""
        wrong = self._wrong.get(network)
        if wrong is not None and len(wrong) == MAX_WRONG_TOKENS:
            left = wrong[0] + WRONG_TOKEN_WINDOW - self._clock()
            if left > timedelta():
                raise TooManyTokenAttempts(left)

    async def note(self, network: str) -> None:
        """Count one more wrong token; raise TooManyTokenAttempts beyond the limit of the network."""
        now = self._clock()
        self._remember(network, now)
        try:
            taken = await self._limits.acquire(
                RateLimit(f"staff/{network}", MAX_WRONG_TOKENS, WRONG_TOKEN_WINDOW), now
            )
        except StoreUnavailable:
            return
        if isinstance(taken, datetime):
            for _ in range(MAX_WRONG_TOKENS):
                self._remember(network, taken - WRONG_TOKEN_WINDOW)
            raise TooManyTokenAttempts(taken - now)

    def _remember(self, network: str, at: datetime) -> None:
        """Count an attempt; beyond `MAX_NETWORKS` drop the network that was quiet for longest."""
        wrong = self._wrong.pop(network, deque(maxlen=MAX_WRONG_TOKENS))
        wrong.append(at)
        self._wrong[network] = wrong
        if len(self._wrong) > MAX_NETWORKS:
            del self._wrong[next(iter(self._wrong))]
