"""Concurrent reads share a query (DESIGN.md, decision 5)."""

import asyncio
from collections.abc import Awaitable, Callable, Iterable, Mapping

from read_models.documents import Doc

Fetch = Callable[[Iterable[str]], Awaitable[Mapping[str, Doc]]]


class SharedReads:
    """Reads by `_id` that arrive while one is in flight wait for the next, which fetches all of theirs at once.

    Alone, a read waits for nobody. A read that failed fails for all that shared it.
    """

    def __init__(self, fetch: Fetch) -> None:
        """`fetch` answers many ids with one query."""
        self._fetch = fetch
        self._next: asyncio.Future[Mapping[str, Doc]] | None = None
        self._wanted: set[str] = set()
        self._in_flight: asyncio.Task[None] | None = None

    async def get(self, *ids: str) -> list[Doc | None]:
        """The documents of these ids, None for those that do not exist. They are shared: not to be changed."""
        if self._next is None:
            self._next = asyncio.get_running_loop().create_future()
            self._wanted = set()
        self._wanted.update(ids)
        answer = self._next
        if self._in_flight is None:
            self._in_flight = asyncio.create_task(self._run())
        found = await asyncio.shield(answer)
        return [found.get(_id) for _id in ids]

    async def _run(self) -> None:
        while (answer := self._next) is not None:
            wanted, self._next = self._wanted, None
            try:
                found = await self._fetch(wanted)
            except Exception as error:  # noqa: BLE001 -- whoever waits is told
                answer.set_exception(error)
            else:
                answer.set_result(found)
        self._in_flight = None
