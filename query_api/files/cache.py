"""Copies: each is made once, kept while it is used, and taken back where its customer is erased."""

import asyncio
from collections.abc import AsyncIterable, AsyncIterator, Callable, Coroutine
from typing import Any

import structlog

from read_models.clock import Clock
from read_models.queries.portal import CustomerScope, PortalQueries
from read_models.store.operational import CachedFile, CacheKey, FileCache, Notices
from read_models.store.operational.file_cache import TOUCH_INTERVAL

log = structlog.get_logger(__name__)


class DerivedFileCache:
    """The copies as one process keeps them. Every call raises `StoreUnavailable` when a store does not answer."""

    def __init__(self, copies: FileCache, notices: Notices, reads: PortalQueries, clock: Clock) -> None:
        self._copies = copies
        self._notices = notices
        self._reads = reads
        self._clock = clock
        self._making: dict[CacheKey, asyncio.Task[None]] = {}

    async def find(self, place: CacheKey) -> CachedFile | None:
        """Return the copy at a place, None where there is none; one that is used is written again now and then."""
        found = await self._copies.find(place)
        if found is None or self._clock() - found.written_at <= TOUCH_INTERVAL:
            return found
        await self.put(place, found.content())
        return await self._copies.find(place)

    async def get_or_create(
        self, place: CacheKey, make: Callable[[], Coroutine[Any, Any, None]]
    ) -> CachedFile | None:
        """Return the copy at a place, which `make` puts there where there is none; None when the customer was erased.

        It is made once, also for those who do not wait any more. Raises what `make` raises.
        """
        found = await self.find(place)
        if found is not None:
            return found
        making = self._making.get(place)
        if making is None:
            making = self._making[place] = asyncio.create_task(make())
            making.add_done_callback(lambda task: self._made(place, task))
        await asyncio.shield(making)
        return await self._copies.find(place)

    async def put(self, place: CacheKey, content: AsyncIterable[bytes] | bytes) -> None:
        """Keep a copy, unless its customer was erased meanwhile."""
        await self._copies.put(place, content)
        await self.discard_if_erased(CustomerScope(place.business, place.customer))

    def read_range(self, place: CacheKey, first: int, last: int) -> AsyncIterator[bytes]:
        """Return the bytes `first` to `last` of a copy that is there."""
        return self._copies.read_range(place, first, last)

    async def discard_if_erased(self, scope: CustomerScope) -> None:
        """Take back what was written for a customer who was erased while it was."""
        if await self._reads.customer(scope) is None:
            await self._copies.erase(*scope)
            await self._notices.erase(*scope)

    def _made(self, place: CacheKey, task: asyncio.Task[None]) -> None:
        del self._making[place]
        if not task.cancelled() and (error := task.exception()):
            # Said here too, as perhaps nobody waits any more.
            log.info("copy.not_made", business=place.business, form=place.form, error=type(error).__name__)
