"""Files and their copies: each copy is made once, of bytes that were checked, and kept while it is used."""

import asyncio
import contextlib
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Final

import structlog

from query_api.media import pictures
from query_api.media.forms import Form
from query_api.media.originals import KINDS, Originals, Unusable, digest_of
from query_api.media.shown import Shown
from read_models.reads import Clock, Reads, Scope
from read_models.store import Unavailable
from read_models.store.records import Copies, Copy, Notices, Place
from read_models.store.records.copies import RENEWED_AFTER

LARGEST_PICTURE: Final = 64 * 1024 * 1024
LARGEST_DOCUMENT: Final = 512 * 1024 * 1024
"""Bytes. Pictures are held in memory while they are copied, documents are not."""

AT_ONCE: Final = 2
"""Pictures that a process copies at the same time."""

SWEPT_EVERY: Final = timedelta(hours=6)

log = structlog.get_logger(__name__)


class Files:
    """The files of one process. Every call raises `Unavailable` when a store does not answer."""

    def __init__(
        self, originals: Originals, copies: Copies, notices: Notices, reads: Reads, clock: Clock
    ) -> None:
        self._originals = originals
        self._copies = copies
        self._notices = notices
        self._reads = reads
        self._clock = clock
        self._making: dict[Place, asyncio.Task[None]] = {}
        self._free = asyncio.Semaphore(AT_ONCE)

    def place(self, scope: Scope, shown: Shown, form: Form) -> Place:
        """Where the copy of a file lies; raises `Unusable` when its event names no hash."""
        return Place(*scope, digest_of(shown.media), form.name)

    async def copy(self, scope: Scope, shown: Shown, form: Form) -> Copy | None:
        """The copy of a file that the customer may see, None when the customer was erased meanwhile.

        Raises `Unusable`.
        """
        place = self.place(scope, shown, form)
        found = await self._copies.find(place)
        if found is None:
            await self._once(place, scope, shown, form)
        elif self._clock() - found.written_at > RENEWED_AFTER:
            await self._copies.put(place, found.content())
            await self._unless_erased(scope)
        else:
            return found
        return await self._copies.find(place)

    async def notice(self, scope: Scope, shown: Shown, error: Unusable) -> None:
        """Tells operators that a file cannot be served."""
        notice = error.notice(scope.business, shown.subject, shown.media, self._clock())
        await self._notices.put(notice, scope.customer)
        await self._unless_erased(scope)

    def part(self, place: Place, first: int, last: int) -> AsyncIterator[bytes]:
        """The bytes `first` to `last` of a copy."""
        return self._copies.part(place, first, last)

    async def _once(self, place: Place, scope: Scope, shown: Shown, form: Form) -> None:
        """Makes a copy, or waits for whoever makes it; also for those who do not wait any more."""
        making = self._making.get(place)
        if making is None:
            making = self._making[place] = asyncio.create_task(self._make(place, scope, shown, form))
            making.add_done_callback(lambda task: self._made(place, task))
        await asyncio.shield(making)

    def _made(self, place: Place, task: asyncio.Task[None]) -> None:
        del self._making[place]
        if not task.cancelled() and (error := task.exception()):
            # Said here too, as perhaps nobody waits any more.
            log.info("copy.not_made", business=place.business, form=place.form, error=type(error).__name__)

    async def _make(self, place: Place, scope: Scope, shown: Shown, form: Form) -> None:
        if form.picture:
            async with self._free:
                content = await self._originals.read(scope.business, shown.media, LARGEST_PICTURE)
                made = await asyncio.to_thread(pictures.copy, content, form.extension, form.width)
            await self._copies.put(place, made)
        else:
            chunks = self._originals.chunks(scope.business, shown.media, LARGEST_DOCUMENT)
            await self._copies.put(place, chunks)
        await self._notices.settle(scope.business, shown.subject, KINDS)
        await self._unless_erased(scope)

    async def _unless_erased(self, scope: Scope) -> None:
        """Takes back what was written for a customer who was erased while it was."""
        if await self._reads.customer(scope) is None:
            await self._copies.erase(*scope)
            await self._notices.erase(*scope)


@contextlib.asynccontextmanager
async def sweeping(copies: Copies, clock: Clock) -> AsyncIterator[None]:
    """Removes copies that nobody has used for long, now and again."""

    async def run() -> None:
        while True:
            try:
                removed = await copies.sweep(clock())
                log.info("copies.swept", removed=removed)
            except Unavailable as error:
                log.warning("copies.not_swept", error=str(error))
            await asyncio.sleep(SWEPT_EVERY.total_seconds())

    running = asyncio.create_task(run())
    try:
        yield
    finally:
        running.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await running
