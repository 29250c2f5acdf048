"""Concurrent reads share a query (DESIGN.md, decision 5)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from read_models.documents import Doc

Found = Mapping[str, Doc]
Fetch = Callable[[Iterable[str]], Awaitable[Found]]


class SharedReads:
    """Reads by `_id` that arrive while one is in flight wait for the next, which fetches all of theirs at once.

    Alone, a read waits for nobody. A read that failed fails for all that shared it.
    """

    def __init__(self, fetch: Fetch) -> None:
        """`fetch` answers many ids with one query."""
        self._fetch = fetch
        self._waiting: list[asyncio.Future[Found]] = []
        self._wanted: set[str] = set()
        self._in_flight: asyncio.Task[None] | None = None

    async def get(self, *ids: str) -> list[Doc | None]:
        """The documents of these ids, None for those that do not exist. They are shared: not to be changed."""
        answer: asyncio.Future[Found] = asyncio.get_running_loop().create_future()
        self._waiting.append(answer)
        self._wanted.update(ids)
        if self._in_flight is None:
            self._in_flight = asyncio.create_task(self._run())
        found = await answer
        return [found.get(_id) for _id in ids]

    async def _run(self) -> None:
        while self._waiting:
            await self._all_arrived()
            waiting, self._waiting = self._waiting, []
            wanted, self._wanted = self._wanted, set()
            try:
                found = await self._fetch(wanted)
            except Exception as error:  # noqa: BLE001 -- whoever waits is told
                for answer in _still(waiting):
                    answer.set_exception(error)
            else:
                for answer in _still(waiting):
                    answer.set_result(found)
        self._in_flight = None

    async def _all_arrived(self) -> None:
        """Lets those come along who are there already: a query costs as much as the work for several requests."""
        known = 0
        while len(self._wanted) > known:
            known = len(self._wanted)
            await asyncio.sleep(0)


def _still(waiting: Iterable[asyncio.Future[Found]]) -> Iterable[asyncio.Future[Found]]:
    """Those who wait still: a request may be given up meanwhile."""
    return (answer for answer in waiting if not answer.done())
