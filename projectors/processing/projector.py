"""Records in, transactions out: what a worker does with the lanes it owns (docs/architecture.md, Decision 1).

Used by the live worker, and by a rebuild that follows the log; knows nothing of how records are read.
"""

import asyncio
from collections.abc import Collection, Mapping, Sequence
from datetime import datetime, timedelta

import structlog
from prometheus_client import Histogram

from events.envelope import Record
from events.topics import Topics
from projectors.processing.batch_builder import BatchBuilder, BatchNotApplicable, DecodedRecord
from projectors.processing.positions import LanePositions, LogEndOffsets
from read_models.store import (
    Checkpoints,
    DocumentRejected,
    ReadModelStore,
    RevisionConflict,
    StoreUnavailable,
    TransactionalWriter,
    ViewCollection,
    WriteBatch,
    retry_until_available,
)

log = structlog.get_logger()

BATCH_EVENTS = 1000
LEVEL_EVERY = timedelta(seconds=10)
PAUSE_SECONDS = 0.1


class LaneOwnershipLost(Exception):
    """Another worker has taken over lanes of this one, which must not write them any more."""

    def __init__(self, lanes: frozenset[int]) -> None:
        super().__init__(f"lanes {sorted(lanes)} were taken over")
        self.lanes = lanes


class GenerationsDiverged(Exception):
    """The generations that are kept do not hold the same of a lane's log: `even_out` is to be called first."""


class Projector:
    """Applies the records of the lanes it took over; one call at a time, each of which may be cancelled."""

    def __init__(
        self,
        store: ReadModelStore,
        topics: Topics,
        batch_events: int = BATCH_EVENTS,
        only: int | None = None,
        writer: TransactionalWriter | None = None,
    ) -> None:
        """`batch_events` bounds a transaction; `only` is a generation to write in place of all that are kept."""
        self._store = store
        self._topics = topics
        self._batch_events = batch_events
        self._only = only
        self._writer = writer or store.writer()
        self._batches = BatchBuilder(self._writer, topics, batch_events)
        self._standing = LanePositions(topics)
        self._state_is_consistent = True
        """Whether what is remembered of documents, offsets and holds is what was saved, or will be."""
        self._ends = LogEndOffsets()
        self.applied = 0
        """Records applied by this process."""
        self.revision_conflicts = 0
        self.batch_seconds = Histogram(
            "portal_projector_batch_seconds",
            "How long the transaction of a batch takes, tries included.",
            registry=None,
            buckets=(0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5, 10),
        )

    @property
    def retries(self) -> int:
        """Transactions that were tried again."""
        return self._writer.retries

    async def take_over(self, lanes: Collection[int]) -> dict[tuple[str, int], int]:
        """Take lanes; give the offset of the next record to read by full topic name and partition.

        Raises `GenerationNotFound`; waits while MongoDB does not answer.
        """
        await retry_until_available(lambda: self._take_over(frozenset(lanes)))
        return self.positions(lanes)

    def positions(self, lanes: Collection[int]) -> dict[tuple[str, int], int]:
        """Return the offset of the next record to read of lanes, by full topic name and partition."""
        return self._standing.positions(lanes)

    def divergence(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Return the stretches of the log that not all generations hold: from one offset up to another, by
        partition."""
        return self._standing.apart()

    async def catch_up_generations(self, records: Sequence[Record]) -> None:
        """Apply records of these stretches, in order, to each generation that does not hold them; as `apply`."""
        self._state_is_consistent = False
        standing = self._standing
        wanted = [one for one in records if standing.applied_in_any_generation(one)]
        for generation in standing.generations:
            alone = Projector(self._store, self._topics, self._batch_events, generation, self._writer)
            alone._standing.generations, alone._standing.lanes = (generation,), standing.lanes
            alone._state_is_consistent = False
            await alone.apply(wanted)
        await retry_until_available(self._reload_checkpoints)
        self._state_is_consistent = True

    async def verify_ownership(self) -> None:
        """Notices lanes that were taken over; raises `LaneOwnershipLost`, and `StoreUnavailable`."""
        self._state_is_consistent = False
        await self._reload_checkpoints()
        self._state_is_consistent = True

    async def refresh_active_generations(self) -> None:
        """Begin to write what is kept by now, which lanes that have no records to apply would not notice.

        Raises `LaneOwnershipLost`, and `StoreUnavailable`.
        """
        pointer = await self._store.generations.pointer(self._store.version)
        if pointer is not None and pointer.active != self._standing.generations and self._standing.lanes:
            await self.verify_ownership()

    async def _take_over(self, lanes: frozenset[int]) -> None:
        await self._writer.open()
        while True:
            try:
                kept, known = await self._writer.acquire_lanes(
                    self._store.version, lanes, self._standing.lanes, self._only
                )
                break
            except RevisionConflict:
                self.revision_conflicts += (
                    1  # the former owner wrote meanwhile; it will meet the new revision
                )
        await self._reset(kept, known)
        self._state_is_consistent = True

    async def drop_lanes(self) -> frozenset[int]:
        """Forget all lanes and says which they were; writes nothing."""
        self._batches.clear_cache()
        return self._standing.clear()

    async def close(self) -> None:
        """End its sessions."""
        await self._writer.close()

    async def apply(self, records: Sequence[Record]) -> None:
        """Apply records in order; return when all are committed. Raises `LaneOwnershipLost` and
        `GenerationsDiverged`.

        Where something does not go as it mostly does, it begins again from the checkpoints, more cautiously.
        """
        if not self._state_is_consistent:
            await self._reload()
        if self._standing.is_apart:
            raise GenerationsDiverged
        self._state_is_consistent = False
        try:
            await self._apply_pipelined(records)
        except (BatchNotApplicable, RevisionConflict, StoreUnavailable, DocumentRejected) as error:
            log.info("a batch met with a setback", reason=type(error).__name__)
            self.revision_conflicts += isinstance(error, RevisionConflict)
            await self._reload()
            for part in self._batches.split(records):
                await self._apply_bisecting(await self._batches.decode(part), None)
        self._batches.evict()
        self._state_is_consistent = True

    async def mark_level(self, ends: Mapping[tuple[str, int], int], at: datetime) -> None:
        """Take notice of the log's ends, by full topic name and partition, as asked at a moment.

        A lane that has reached them is level up to that moment; one that has not is when a batch reaches them.
        Of an idle lane the store is told every 10 s. Raises `StoreUnavailable`.
        """
        self._ends.note(ends, at, self._topics)
        if due := [
            known
            for known in self._standing.known.values()
            if self._ends.level(known.lane, known.offsets)
            and (known.level_at is None or at - known.level_at >= LEVEL_EVERY)
        ]:
            await self._writer.set_level(due, at)

    async def _apply_pipelined(self, records: Sequence[Record]) -> None:
        """Folds each part while the one before it is being written."""
        writing: asyncio.Task[None] | None = None
        try:
            for part in self._batches.split(records):
                if fresh := self._standing.filter_unapplied(await self._batches.decode(part)):
                    batch = await self._batches.build(fresh, self._views(), before=writing)
                    if writing is not None:
                        await writing
                    writing = asyncio.create_task(self._write(batch))
                    await asyncio.sleep(0)  # it begins before the next part is read
            if writing is not None:
                await writing
        except BaseException as error:
            if writing is not None:
                if isinstance(error, asyncio.CancelledError):
                    writing.cancel()
                # Should it fail too, the next compare will tell.
                await asyncio.gather(writing, return_exceptions=True)
            raise

    async def _apply_bisecting(self, reads: Sequence[DecodedRecord], hold: str | None) -> None:
        """Apply records by themselves; splits them until the event is found that holds its customer."""
        while fresh := self._standing.filter_unapplied(reads):
            try:
                await self._write(await self._batches.build(fresh, self._views(), hold))
            except (BatchNotApplicable, DocumentRejected) as error:
                if hold is not None:
                    raise
                await self._reload()
                if len(fresh) > 1:
                    middle = len(fresh) // 2
                    await self._apply_bisecting(fresh[:middle], None)
                    await self._apply_bisecting(fresh[middle:], None)
                else:
                    place = {"lane": fresh[0].record.partition, "offset": fresh[0].record.offset}
                    log.warning(
                        "an event holds its customer", topic=fresh[0].topic, reason=str(error), **place
                    )
                    await self._apply_bisecting(fresh, str(error))
            except RevisionConflict:
                self.revision_conflicts += 1
                await self._reload()
            except StoreUnavailable:
                await asyncio.sleep(PAUSE_SECONDS)
                await self._reload()

    def _views(self) -> ViewCollection:
        """Return where documents are read: they are the same in all generations that are kept."""
        return self._store.views(self._standing.generations[0])

    async def _write(self, batch: WriteBatch) -> None:
        standing = self._standing
        served = standing.generations[0]
        steps = {
            lane: step._replace(
                level_at=self._ends.level(lane, {**standing.known[served, lane].offsets, **step.offsets})
            )
            for lane, step in batch.steps.items()
        }
        known = [one for one in standing.known.values() if one.lane in steps]
        views = [self._store.views(generation) for generation in standing.generations]
        with self.batch_seconds.time():
            await self._writer.write(batch._replace(steps=steps), known, views)
        self.applied += batch.records

    async def _reload(self) -> None:
        """Take everything as it was saved; raise `LaneOwnershipLost` where a checkpoint names another worker, and
        `GenerationsDiverged`."""
        await retry_until_available(self._reload_checkpoints)
        if self._standing.is_apart:
            raise GenerationsDiverged

    async def _reload_checkpoints(self) -> None:
        kept, lost, known = await self._claimed()
        await self._reset(kept, known)
        if lost:
            raise LaneOwnershipLost(lost)

    async def _claimed(self) -> tuple[tuple[int, ...], frozenset[int], Checkpoints]:
        """Return what is kept, the lanes that were lost, and the checkpoints of the others, in new generations too.

        Whoever has a lane in the generations known so far has it in those that are kept from now on.
        """
        while True:
            standing = self._standing
            kept, known = await self._writer.read_active_generations(
                self._store.version, standing.lanes, self._only
            )
            mine = {key for key, one in known.items() if one.session == self._writer.session_id}
            old = set(kept) & set(standing.generations)
            lost = {lane for lane in standing.lanes if not old or any((one, lane) not in mine for one in old)}
            found = {key: one for key, one in known.items() if one.lane not in lost}
            try:
                if new := [one for key, one in found.items() if key not in mine]:
                    await self._writer.fence(new)
            except RevisionConflict:
                continue
            return kept, frozenset(lost), found

    async def _reset(self, kept: tuple[int, ...], known: Checkpoints) -> None:
        lanes = frozenset(lane for _, lane in known)
        self._batches.held = await self._writer.held(kept, lanes)
        self._batches.discarded = await self._writer.discarded(lanes)
        self._batches.clear_cache()
        self._standing.reset(kept, known)
