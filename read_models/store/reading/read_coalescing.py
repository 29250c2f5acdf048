"""Concurrent reads share a query (docs/architecture.md, Decision 5)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping
from typing import Generic, TypeVar

Value = TypeVar("Value")

BATCH_DELAY_THRESHOLD = 8
BATCH_DELAY_S = 0.001
"""Behind a read that a crowd shared, the next one waits for those who were just served: mostly they ask again.

A query for twice as many costs a quarter more, and an answer takes ten times as long as the wait, by then.
"""


class CoalescingLoader(Generic[Value]):
    """Reads by key that arrive while one is in flight wait for the next, which fetches all of theirs at once.

    Alone, and with a few, a read waits for nobody. A read that failed fails for all that shared it.
    """

    def __init__(self, fetch: Callable[[Iterable[str]], Awaitable[Mapping[str, Value]]]) -> None:
        """`fetch` answers many keys with one query."""
        self._fetch = fetch
        self._waiting: list[asyncio.Future[Mapping[str, Value]]] = []
        self._wanted: set[str] = set()
        self._in_flight: asyncio.Task[None] | None = None

    async def get(self, *keys: str) -> list[Value | None]:
        """Return what these keys have, None for those that have nothing. It is shared: not to be changed."""
        answer: asyncio.Future[Mapping[str, Value]] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self._wanted.update(keys)
        if self._in_flight is None:
            self._in_flight = asyncio.create_task(self._run())
        found = await answer
        return [found.get(key) for key in keys]

    async def _run(self) -> None:
        served = 0
        while self._waiting:
            if served >= BATCH_DELAY_THRESHOLD:
                await asyncio.sleep(BATCH_DELAY_S)
            await self._drain_ready_tasks()
            served = len(self._waiting)
            waiting, self._waiting = self._waiting, []
            wanted, self._wanted = self._wanted, set()
            try:
                found = await self._fetch(wanted)
            except Exception as error:  # noqa: BLE001 -- whoever waits is told
                for answer in _pending(waiting):
                    answer.set_exception(error)
            else:
                for answer in _pending(waiting):
                    answer.set_result(found)
        self._in_flight = None

    async def _drain_ready_tasks(self) -> None:
        """Let those come along who are there already: a query costs as much as the work for several requests."""
        known = 0
        while len(self._wanted) > known:
            known = len(self._wanted)
            await asyncio.sleep(0)


def _pending(
    waiting: Iterable[asyncio.Future[Mapping[str, Value]]],
) -> Iterable[asyncio.Future[Mapping[str, Value]]]:
    """Return those who wait still: a request may be given up meanwhile."""
    return (answer for answer in waiting if not answer.done())
