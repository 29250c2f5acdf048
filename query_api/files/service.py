"""Files and their copies: each copy is made of bytes that were checked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from query_api.files import images
from query_api.files.cache import DerivedFileCache
from query_api.files.media_store import KINDS, FileUnusable, MediaStore, digest_of
from query_api.files.variants import Variant
from query_api.files.visible_files import VisibleFile
from read_models.clock import Clock
from read_models.queries.portal import CustomerScope
from read_models.store import StoreUnavailable
from read_models.store.operational import CachedFile, CacheKey, FileCache, Notices
from read_models.store.operational.erasures import PendingErasures

LARGEST_PICTURE: Final = 64 * 1024 * 1024
LARGEST_DOCUMENT: Final = 512 * 1024 * 1024
"""Bytes. Pictures are held in memory while they are copied, documents are not."""

AT_ONCE: Final = 2
"""Pictures that a process copies at the same time."""

SWEPT_EVERY: Final = timedelta(hours=6)

log = structlog.get_logger(__name__)


class FileService:
    """The files of one process. Every call raises `StoreUnavailable` when a store does not answer."""

    def __init__(self, originals: MediaStore, kept: DerivedFileCache, notices: Notices, clock: Clock) -> None:
        self.kept = kept
        self._originals = originals
        self._notices = notices
        self._clock = clock
        self._free = asyncio.Semaphore(AT_ONCE)

    def place(self, scope: CustomerScope, shown: VisibleFile, form: Variant) -> CacheKey:
        """Return where the copy of a file lies; raises `FileUnusable` when its event names no hash."""
        return CacheKey(*scope, digest_of(shown.media), form.name)

    async def copy(self, scope: CustomerScope, shown: VisibleFile, form: Variant) -> CachedFile | None:
        """Return the copy of a file that the customer may see, None when the customer was erased meanwhile.

        Raises `FileUnusable`.
        """
        place = self.place(scope, shown, form)
        return await self.kept.get_or_create(place, partial(self._make, place, shown, form))

    async def notice(self, scope: CustomerScope, shown: VisibleFile, error: FileUnusable) -> None:
        """Tell operators that a file cannot be served."""
        notice = error.notice(scope.business, shown.subject, shown.media, self._clock())
        await self._notices.put(notice, scope.customer)
        await self.kept.discard_if_erased(scope)

    async def _make(self, place: CacheKey, shown: VisibleFile, form: Variant) -> None:
        business = place.business
        if form.picture:
            async with self._free:
                content = await self._originals.read(business, shown.media, LARGEST_PICTURE)
                made = await asyncio.to_thread(images.copy, content, form.extension, form.width)
            await self.kept.put(place, made)
        else:
            await self.kept.put(place, self._originals.chunks(business, shown.media, LARGEST_DOCUMENT))
        await self._notices.settle(business, shown.subject, KINDS)


@contextlib.asynccontextmanager
async def tidying(copies: FileCache | None, erasures: PendingErasures, clock: Clock) -> AsyncIterator[None]:
    """Remove copies that nobody has used for long, now and again, and what is left of erased customers at once."""
    running = [asyncio.create_task(erasures.run(copies))]
    if copies:
        running.append(asyncio.create_task(_sweeping(copies, clock)))
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)


async def _sweeping(copies: FileCache, clock: Clock) -> None:
    while True:
        try:
            removed = await copies.evict_expired(clock())
            log.info("copies.swept", removed=removed)
        except StoreUnavailable as error:
            log.warning("copies.not_swept", error=str(error))
        await asyncio.sleep(SWEPT_EVERY.total_seconds())
