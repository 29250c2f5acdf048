"""All of a list, part by part, for who takes everything along (docs/contracts/api.md, Export)."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable

from read_models.documents import Doc
from read_models.queries.context import QueryContext
from read_models.queries.pagination import PageQuery

AT_ONCE = 100
"""Items read together: what is held in memory at a time, whatever the history."""

Listing = Callable[[QueryContext, PageQuery], Awaitable[Doc]]
Detail = Callable[[QueryContext, str], Awaitable[Doc | None]]


async def items(reading: QueryContext, listing: Listing) -> AsyncIterator[Doc]:
    """Yield every item of a list, in its order."""
    async for part in _parts(reading, listing):
        for one in part:
            yield one


async def details(reading: QueryContext, listing: Listing, detail: Detail) -> AsyncIterator[Doc]:
    """Yield every record of a list in full, in the list's order; without those that went out of sight meanwhile."""
    async for part in _parts(reading, listing):
        # At the same time, so that they share their queries (docs/architecture.md, Decision 5).
        for one in await asyncio.gather(*(detail(reading, item["id"]) for item in part)):
            if one is not None:
                yield one


async def _parts(reading: QueryContext, listing: Listing) -> AsyncIterator[list[Doc]]:
    cursor: str | None = None
    while True:
        found = await listing(reading, PageQuery.from_cursor(cursor, AT_ONCE))
        yield found["items"]
        cursor = found["next"]
        if cursor is None:
            return
