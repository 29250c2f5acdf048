"""Proves that what is served is what the log gives (API.md, `portal verify`), while live workers go on writing.

A lane is gone through in slices of its owners, by a hash of their keys. Of each slice the log is folded up to the
lane's checkpoint; then, in one snapshot, the checkpoint is asked again, the log followed up to it, and the documents
are read: so every owner is compared as of one moment. Memory is that of a slice.
"""

import zlib
from array import array
from bisect import bisect_left
from collections.abc import AsyncIterator, Callable, Collection, Sequence
from hashlib import blake2b
from typing import Final, NamedTuple

import structlog

from events.topics import Topics
from projectors.kafka.log_reader import LogReader
from projectors.replay import FailedEvent, Replay, Wanted
from read_models.diff import Difference, diff_documents
from read_models.store import (
    GenerationNotFound,
    LogPosition,
    PendingRecords,
    ReadModelStore,
    StoreUnavailable,
)

logger = structlog.get_logger(__name__)

SLICE_RECORDS: Final = 40_000
"""Of a lane's log, whose owners' documents are held in memory at a time."""
UNKNOWN_OWNERS_BATCH: Final = 1000
"""Owners with documents of whom the log knew nothing, that are looked at again at a time."""
SNAPSHOT_ATTEMPTS: Final = 5
"""Of a snapshot: MongoDB may have forgotten that moment by the time all is read."""


class OwnerComparison(NamedTuple):
    """Comparison of one owner, `biz/cus` or `biz`."""

    owner: str
    documents: int
    differences: Sequence[Difference]
    pending: PendingRecords | None
    """What waits, where the owner is held: that much the documents may lack."""
    failed: FailedEvent | None
    """An event of the log that could not be applied: so nothing can be said of the owner."""


class GenerationDropped(Exception):
    """The generation is not kept any more; another one is served now."""


class Verification:
    """Compares what is served with the log; `records` of it have been read of `total`."""

    def __init__(
        self,
        store: ReadModelStore,
        topics: Topics,
        log: LogReader,
        progress: Callable[[int, int], None],
        *,
        from_truncated: bool = False,
    ) -> None:
        """`progress` is called with the records that are through, and how many there are.

        The log is read from where it began when the views were made; with `from_truncated` from where it begins now.
        """
        self._store = store
        self._topics = topics
        self._log = log
        self._progress = progress
        self._from_truncated = from_truncated
        self._through = self._total = 0

    async def verify_all(self) -> AsyncIterator[OwnerComparison]:
        """Everybody who is in the log or in the views, lane by lane."""
        known = array("Q")
        slices = [
            (lane, slice_) for lane in range(self._topics.partitions) for slice_ in await self._slices(lane)
        ]
        self._total = sum([await self._records(lane) for lane, _ in slices])
        for lane, wanted in slices:
            async for one in self._of_lane(lane, wanted, ()):
                known.append(_digest(one.owner))
                yield one
        async for one in self._unknown(sorted(known)):
            yield one

    async def sample(self, number: int) -> AsyncIterator[OwnerComparison]:
        """So many customers, by chance."""
        async for one in self.verify_owners(
            await self._store.snapshots.some_customers(await self._served(), number)
        ):
            yield one

    async def verify_owners(self, owners: Collection[str]) -> AsyncIterator[OwnerComparison]:
        """Yield these owners, be they in the log, in the views, or in neither."""
        by_lane: dict[int, list[str]] = {}
        for owner in owners:
            by_lane.setdefault(self._topics.partition(owner.encode()), []).append(owner)
        self._total += sum([await self._records(lane) for lane in by_lane])
        for lane, of_lane in sorted(by_lane.items()):
            keys = frozenset(owner.encode() for owner in of_lane)
            async for one in self._of_lane(lane, keys.__contains__, of_lane):
                yield one

    async def _served(self) -> int:
        pointer = await self._store.generations.pointer(self._store.version)
        if pointer is None or pointer.served is None:
            raise GenerationNotFound(
                f"nothing of version {self._store.version} is served: there is nothing to verify"
            )
        return pointer.served

    async def _records(self, lane: int) -> int:
        known = await self._store.writer().read([await self._served()], [lane])
        return sum(
            offset - one.begins.get(topic, 0)
            for one in known.values()
            for topic, offset in one.offsets.items()
        )

    async def _slices(self, lane: int) -> list[Wanted]:
        number = 1 + await self._records(lane) // SLICE_RECORDS
        return [_slice(number, which) for which in range(number)]

    async def _unknown(self, known: Sequence[int]) -> AsyncIterator[OwnerComparison]:
        """Owners of documents, who were not in the log when it was read."""
        suspects: set[str] = set()
        async for owner in self._store.snapshots.owners(await self._served()):
            digest = _digest(owner)
            place = bisect_left(known, digest)
            if place < len(known) and known[place] == digest:
                continue
            suspects.add(owner)
            if len(suspects) == UNKNOWN_OWNERS_BATCH:
                async for one in self.verify_owners(suspects):
                    yield one
                suspects.clear()
        async for one in self.verify_owners(suspects):
            yield one

    async def _of_lane(
        self, lane: int, wanted: Wanted, asked_for: Sequence[str]
    ) -> AsyncIterator[OwnerComparison]:
        """Yield the wanted owners of a lane; those asked for also when neither side has anything of them."""
        while True:
            through = self._through
            try:
                generation = await self._served()
                recomputed, without = await self._begin(lane, wanted, generation)
                compared = await self._compare(lane, recomputed, without, generation, asked_for)
            except GenerationDropped:
                self._through = through
                continue
            for one in compared:
                yield one
            return

    async def _begin(
        self, lane: int, wanted: Wanted, generation: int
    ) -> tuple[Replay, frozenset[LogPosition]]:
        """Return the log of a lane folded as far as the views are, but for what waits and what was discarded."""
        async with self._store.snapshots.of(generation) as snapshot:
            checkpoint = await snapshot.checkpoint(lane)
            if checkpoint is None:
                raise GenerationDropped
            without = _positions((await snapshot.pending(lane)).values())
        discarded = await self._store.discards.places([lane])
        begins = checkpoint.begins
        if self._from_truncated:
            now = await self._log.beginning_offsets([lane])
            begins = {
                self._topics.unprefixed_by_name[name]: offset for (name, _), offset in now.items() if offset
            }
        recomputed = Replay(self._log, self._topics, lane, wanted, begins)
        await recomputed.advance_to(checkpoint.offsets, without | discarded, self._report_progress)
        return recomputed, without

    async def _compare(
        self,
        lane: int,
        recomputed: Replay,
        without: frozenset[LogPosition],
        generation: int,
        asked_for: Sequence[str],
    ) -> list[OwnerComparison]:
        for attempt in range(SNAPSHOT_ATTEMPTS):
            try:
                async with self._store.snapshots.of(generation) as snapshot:
                    checkpoint = await snapshot.checkpoint(lane)
                    if checkpoint is None:
                        raise GenerationDropped
                    pending = await snapshot.pending(lane)
                    waiting = _positions(pending.values())
                    discarded = await self._store.discards.places([lane])
                    # What waited when the log was read, and does no more, comes before what is new.
                    await recomputed.apply_positions(without - waiting - discarded)
                    await recomputed.advance_to(checkpoint.offsets, waiting | discarded)
                    without = waiting
                    owners = sorted({*recomputed.fresh.owners, *recomputed.failed, *asked_for})
                    return [
                        OwnerComparison(
                            owner,
                            len(served),
                            []
                            if owner in recomputed.failed
                            else list(diff_documents(served, recomputed.fresh.documents_of(owner))),
                            pending.get(owner),
                            recomputed.failed.get(owner),
                        )
                        async for owner, served in snapshot.documents(owners)
                    ]
            except StoreUnavailable as error:
                if attempt == SNAPSHOT_ATTEMPTS - 1:
                    raise
                logger.info("looking again", lane=lane, reason=str(error))
        raise AssertionError

    def _report_progress(self, records: int) -> None:
        self._through += records
        self._progress(self._through, max(self._total, self._through))


def _slice(number: int, which: int) -> Wanted:
    return lambda key: zlib.crc32(key) % number == which


def _positions(pending: Collection[PendingRecords]) -> frozenset[LogPosition]:
    return frozenset(position for one in pending for position in one.positions)


def _digest(owner: str) -> int:
    """Eight bytes that stand for an owner: so many do for a billion of them."""
    return int.from_bytes(blake2b(owner.encode(), digest_size=8).digest(), "big")
