"""Comparison of the served views with the log (docs/contracts/api.md, Command line), beside live workers.

Each lane is verified in slices of its owners, by a hash of their keys. For each slice the log is folded up to the
lane's checkpoint. Then one snapshot reads the checkpoint again, the fold follows up to it, and the documents are read:
every owner is compared as of one moment. Memory use is that of one slice.
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
"""Log records per slice; the documents of a slice's owners are held in memory together."""
UNKNOWN_OWNERS_BATCH: Final = 1000
"""Owners with documents but excluded records in the log that are compared again at a time."""
SNAPSHOT_ATTEMPTS: Final = 5
"""Attempts to read a snapshot: MongoDB may discard its history before everything is read."""


class OwnerComparison(NamedTuple):
    """Comparison of one owner, `biz/cus` or `biz`."""

    owner: str
    documents: int
    differences: Sequence[Difference]
    pending: PendingRecords | None
    """Waiting records if the owner is held: the documents may lack exactly these."""
    failed: FailedEvent | None
    """Event of the log that cannot be applied, so that the owner cannot be compared."""


class GenerationDropped(Exception):
    """The generation was dropped while it was verified; another one is served now."""


class Verification:
    """Compares the served views with the log, and reports progress in records."""

    def __init__(
        self,
        store: ReadModelStore,
        topics: Topics,
        log: LogReader,
        progress: Callable[[int, int], None],
        *,
        from_truncated: bool = False,
    ) -> None:
        """Take a *progress* callback for the records read and their total.

        The log is read from where it began when the views were filled; with `from_truncated`, from where it begins now.
        """
        self._store = store
        self._topics = topics
        self._log = log
        self._progress = progress
        self._from_truncated = from_truncated
        self._records_read = self._total = 0

    async def verify_all(self) -> AsyncIterator[OwnerComparison]:
        """Yield a comparison of every owner in the log or in the views, lane by lane."""
        known = array("Q")
        slices = [
            (lane, slice_) for lane in range(self._topics.partitions) for slice_ in await self._slices(lane)
        ]
        self._total = sum([await self._count_records(lane) for lane, _ in slices])
        for lane, wanted in slices:
            async for one in self._verify_lane(lane, wanted, ()):
                known.append(_digest(one.owner))
                yield one
        async for one in self._verify_unknown_owners(sorted(known)):
            yield one

    async def sample(self, number: int) -> AsyncIterator[OwnerComparison]:
        """Yield comparisons of a random sample of customers."""
        async for one in self.verify_owners(
            await self._store.snapshots.some_customers(await self._served_generation(), number)
        ):
            yield one

    async def verify_owners(self, owners: Collection[str]) -> AsyncIterator[OwnerComparison]:
        """Yield comparisons of the given owners, even of those in neither the log nor the views."""
        by_lane: dict[int, list[str]] = {}
        for owner in owners:
            by_lane.setdefault(self._topics.partition(owner.encode()), []).append(owner)
        self._total += sum([await self._count_records(lane) for lane in by_lane])
        for lane, of_lane in sorted(by_lane.items()):
            keys = frozenset(owner.encode() for owner in of_lane)
            async for one in self._verify_lane(lane, keys.__contains__, of_lane):
                yield one

    async def _served_generation(self) -> int:
        pointer = await self._store.generations.pointer(self._store.version)
        if pointer is None or pointer.served is None:
            raise GenerationNotFound(
                f"nothing of version {self._store.version} is served: there is nothing to verify"
            )
        return pointer.served

    async def _count_records(self, lane: int) -> int:
        known = await self._store.writer().read([await self._served_generation()], [lane])
        return sum(
            offset - one.begins.get(topic, 0)
            for one in known.values()
            for topic, offset in one.offsets.items()
        )

    async def _slices(self, lane: int) -> list[Wanted]:
        number = 1 + await self._count_records(lane) // SLICE_RECORDS
        return [_slice(number, which) for which in range(number)]

    async def _verify_unknown_owners(self, known: Sequence[int]) -> AsyncIterator[OwnerComparison]:
        """Yield comparisons of owners that have documents but had no records in the log."""
        suspects: set[str] = set()
        async for owner in self._store.snapshots.owners(await self._served_generation()):
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

    async def _verify_lane(
        self, lane: int, wanted: Wanted, requested: Sequence[str]
    ) -> AsyncIterator[OwnerComparison]:
        """Yield comparisons of the matching owners of a lane, and of *requested* ones excluded any data."""
        while True:
            records_read = self._records_read
            try:
                generation = await self._served_generation()
                recomputed, excluded = await self._replay_to_checkpoint(lane, wanted, generation)
                compared = await self._compare(lane, recomputed, excluded, generation, requested)
            except GenerationDropped:
                self._records_read = records_read
                continue
            for one in compared:
                yield one
            return

    async def _replay_to_checkpoint(
        self, lane: int, wanted: Wanted, generation: int
    ) -> tuple[Replay, frozenset[LogPosition]]:
        """Return the lane's log folded up to its checkpoint, excluded waiting and discarded records."""
        async with self._store.snapshots.of(generation) as snapshot:
            checkpoint = await snapshot.checkpoint(lane)
            if checkpoint is None:
                raise GenerationDropped
            excluded = _positions((await snapshot.pending(lane)).values())
        discarded = await self._store.discards.places([lane])
        begins = checkpoint.begins
        if self._from_truncated:
            now = await self._log.beginning_offsets([lane])
            begins = {
                self._topics.unprefixed_by_name[name]: offset for (name, _), offset in now.items() if offset
            }
        recomputed = Replay(self._log, self._topics, lane, wanted, begins)
        await recomputed.advance_to(checkpoint.offsets, excluded | discarded, self._report_progress)
        return recomputed, excluded

    async def _compare(
        self,
        lane: int,
        recomputed: Replay,
        excluded: frozenset[LogPosition],
        generation: int,
        requested: Sequence[str],
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
                    # Records that waited before and no longer do precede the new ones.
                    await recomputed.apply_positions(excluded - waiting - discarded)
                    await recomputed.advance_to(checkpoint.offsets, waiting | discarded)
                    excluded = waiting
                    owners = sorted({*recomputed.fresh.owners, *recomputed.failed, *requested})
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
        self._records_read += records
        self._progress(self._records_read, max(self._total, self._records_read))


def _slice(number: int, which: int) -> Wanted:
    return lambda key: zlib.crc32(key) % number == which


def _positions(pending: Collection[PendingRecords]) -> frozenset[LogPosition]:
    return frozenset(position for one in pending for position in one.positions)


def _digest(owner: str) -> int:
    """Return an 8-byte hash of an owner: short enough in memory, collisions are negligible."""
    return int.from_bytes(blake2b(owner.encode(), digest_size=8).digest(), "big")
