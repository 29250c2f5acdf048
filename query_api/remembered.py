"""Answers that are asked for with every request and may be a moment old."""

import time
from collections.abc import Awaitable, Callable
from typing import Generic, TypeVar

Key = TypeVar("Key")
Value = TypeVar("Value")

KEPT_SECONDS = 0.4
"""What ends a session has to be seen within a second of its event, the projection included."""

KEPT_ANSWERS = 10_000


class Remembered(Generic[Key, Value]):
    """Answers by key, each asked for again when it is older than it may be."""

    def __init__(self, ask: Callable[[Key], Awaitable[Value]], seconds: float = KEPT_SECONDS) -> None:
        """`ask` gives the answer; what it raises is not remembered, the rest for so many seconds."""
        self._ask = ask
        self._seconds = seconds
        self._answers: dict[Key, tuple[float, Value]] = {}

    async def get(self, key: Key) -> Value:
        """The answer for a key."""
        asked_at = time.monotonic()
        known = self._answers.get(key)
        if known and asked_at - known[0] < self._seconds:
            return known[1]
        value = await self._ask(key)
        if len(self._answers) >= KEPT_ANSWERS:
            # Anybody can ask for names that do not exist: they are not to fill the memory.
            self._answers.clear()
        self._answers[key] = (asked_at, value)
        return value

    def forget(self, key: Key) -> None:
        """The next answer is a new one."""
        self._answers.pop(key, None)
