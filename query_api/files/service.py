"""Files and their copies: each copy is made of bytes that were checked."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from functools import partial
from typing import Final

import structlog

from query_api.files import images
from query_api.files.cache import Kept
from query_api.files.media_store import KINDS, Originals, Unusable, digest_of
from query_api.files.variants import Form
from query_api.files.visible_files import Shown
from read_models.clock import Clock
from read_models.queries.portal import Scope
from read_models.store import Unavailable
from read_models.store.operational import Copies, Copy, Notices, Place
from read_models.store.operational.erasures import Erasures

LARGEST_PICTURE: Final = 64 * 1024 * 1024
LARGEST_DOCUMENT: Final = 512 * 1024 * 1024
"""Bytes. Pictures are held in memory while they are copied, documents are not."""

AT_ONCE: Final = 2
"""Pictures that a process copies at the same time."""

SWEPT_EVERY: Final = timedelta(hours=6)

log = structlog.get_logger(__name__)


class Files:
    """The files of one process. Every call raises `Unavailable` when a store does not answer."""

    def __init__(self, originals: Originals, kept: Kept, notices: Notices, clock: Clock) -> None:
        self.kept = kept
        self._originals = originals
        self._notices = notices
        self._clock = clock
        self._free = asyncio.Semaphore(AT_ONCE)

    def place(self, scope: Scope, shown: Shown, form: Form) -> Place:
        """Where the copy of a file lies; raises `Unusable` when its event names no hash."""
        return Place(*scope, digest_of(shown.media), form.name)

    async def copy(self, scope: Scope, shown: Shown, form: Form) -> Copy | None:
        """The copy of a file that the customer may see, None when the customer was erased meanwhile.

        Raises `Unusable`.
        """
        place = self.place(scope, shown, form)
        return await self.kept.get(place, partial(self._make, place, shown, form))

    async def notice(self, scope: Scope, shown: Shown, error: Unusable) -> None:
        """Tells operators that a file cannot be served."""
        notice = error.notice(scope.business, shown.subject, shown.media, self._clock())
        await self._notices.put(notice, scope.customer)
        await self.kept.unless_erased(scope)

    async def _make(self, place: Place, shown: Shown, form: Form) -> None:
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
async def tidying(copies: Copies | None, erasures: Erasures, clock: Clock) -> AsyncIterator[None]:
    """Removes copies that nobody has used for long, now and again, and what is left of erased customers at once."""
    running = [asyncio.create_task(erasures.completing(copies))]
    if copies:
        running.append(asyncio.create_task(_sweeping(copies, clock)))
    try:
        yield
    finally:
        for task in running:
            task.cancel()
        await asyncio.wait(running)


async def _sweeping(copies: Copies, clock: Clock) -> None:
    while True:
        try:
            removed = await copies.sweep(clock())
            log.info("copies.swept", removed=removed)
        except Unavailable as error:
            log.warning("copies.not_swept", error=str(error))
        await asyncio.sleep(SWEPT_EVERY.total_seconds())
