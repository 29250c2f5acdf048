"""Answers that are asked for with every request and may be a moment old."""

import asyncio
import time
from collections.abc import Awaitable, Callable, Mapping, Sequence
from contextlib import suppress
from typing import Generic, TypeVar

from read_models.store import StoreUnavailable

Key = TypeVar("Key")
Value = TypeVar("Value")

TTL_S = 0.4
"""What ends a session has to be seen within a second of its event, the projection included."""

REFRESH_AT = 0.75
"""Of the time that an answer may be kept: what is used then is asked for again, and nobody waits for it."""

KEPT_ANSWERS = 10_000


class RefreshAheadCache(Generic[Key, Value]):
    """Answers by key; those in use are renewed before they are older than they may be."""

    def __init__(self, ask: Callable[[Key], Awaitable[Value]], seconds: float = TTL_S) -> None:
        """`ask` gives the answer; what it raises is not remembered, the rest for so many seconds."""
        self._ask = ask
        self._seconds = seconds
        self._answers: dict[Key, tuple[float, Value]] = {}
        self._forgotten = 0
        self._renewals: dict[Key, asyncio.Task[None]] = {}

    async def get(self, key: Key) -> Value:
        """Return the answer for a key."""
        asked_at = time.monotonic()
        known = self._answers.get(key)
        if known is not None and (age := asked_at - known[0]) < self._seconds:
            if age > self._seconds * REFRESH_AT and key not in self._renewals:
                self._renewals[key] = asyncio.create_task(self._renew(key, known))
            return known[1]
        forgotten = self._forgotten
        value = await self._ask(key)
        if forgotten != self._forgotten:
            return value  # what was forgotten meanwhile is not true any more
        if len(self._answers) >= KEPT_ANSWERS:
            # Anybody can ask for names that do not exist: they are not to fill the memory.
            self._answers.clear()
        self._answers[key] = (asked_at, value)
        return value

    def invalidate(self, *keys: Key) -> None:
        """Drop an entry, also one whose refresh is in flight."""
        self._forgotten += 1
        for key in keys:
            self._answers.pop(key, None)

    async def _renew(self, key: Key, known: tuple[float, Value]) -> None:
        asked_at = time.monotonic()
        try:
            # Whoever needs an answer that could not be had asks for it, and is told.
            with suppress(StoreUnavailable):
                value = await self._ask(key)
                # Meanwhile it may have been forgotten, or asked for anew.
                if self._answers.get(key) is known:
                    self._answers[key] = asked_at, value
        finally:
            del self._renewals[key]


class BatchRefreshAheadCache(RefreshAheadCache[Key, Value]):
    """All in use are renewed with one question."""

    def __init__(
        self, ask: Callable[[Sequence[Key]], Awaitable[Mapping[Key, Value]]], seconds: float
    ) -> None:
        """`ask` gives the answers to all keys."""
        super().__init__(self._one, seconds)
        self._all = ask
        self._used: set[Key] = set()
        self._renewal: asyncio.Task[None] | None = None

    async def get(self, key: Key) -> Value:
        """Return the answer for a key."""
        known = self._answers.get(key)
        if known is None or (age := time.monotonic() - known[0]) >= self._seconds:
            return await super().get(key)
        self._used.add(key)
        if self._renewal is None and age > self._seconds * REFRESH_AT:
            self._renewal = asyncio.create_task(self._renew_used())
        return known[1]

    async def _one(self, key: Key) -> Value:
        return (await self._all([key]))[key]

    async def _renew_used(self) -> None:
        used, self._used = self._used, set()
        before = {key: known for key in used if (known := self._answers.get(key))}
        asked_at = time.monotonic()
        try:
            with suppress(StoreUnavailable):
                values = await self._all(list(before))
                for key, known in before.items():
                    # What was forgotten meanwhile is not true any more.
                    if self._answers.get(key) is known:
                        self._answers[key] = asked_at, values[key]
        finally:
            self._renewal = None
