"""Ends holds: applies what a held owner waits for, in order, in every generation that is kept.

In steps, each a transaction that leaves the hold where it can be gone on from: ended at any moment, the next finishes.
"""

from collections.abc import Sequence
from typing import Any, Final

from events.envelope import Record
from events.topics import Topics
from projectors.kafka.log_reader import LogReader
from projectors.processing.batch_builder import BatchBuilder, BatchNotApplicable
from read_models.clock import utc_now
from read_models.store import (
    DocumentRejected,
    Hold,
    HoldChanged,
    LogPosition,
    ReadModelStore,
    RevisionConflict,
    TransactionalWriter,
    WriteBatch,
)

STEP_EVENTS: Final = 500
"""Records that wait and are applied in one transaction."""


class RetryFailed(Exception):
    """An event still cannot be applied; the text names its place, the reason and what to do."""


class HoldRelease:
    """Applies what waits; one call at a time."""

    def __init__(
        self, store: ReadModelStore, topics: Topics, log: LogReader, writer: TransactionalWriter
    ) -> None:
        """`writer` is open."""
        self._store = store
        self._topics = topics
        self._log = log
        self._writer = writer

    async def holds(self, owner: str) -> list[Hold]:
        """Return an owner's holds in the generations that are kept."""
        pointer = await self._store.generations.pointer(self._store.version)
        return await self._store.holds.of(owner, pointer.active) if pointer else []

    async def apply_pending(self, owner: str) -> int:
        """Apply what an owner's hold keeps back, and end it; answer how many records that were.

        Raises RetryFailed, KafkaUnavailable, RecordsMissing.
        """
        applied, most = 0, STEP_EVENTS
        while holds := await self.holds(owner):
            try:
                try:
                    applied += await self._apply_chunk(holds, most)
                except (BatchNotApplicable, DocumentRejected) as error:
                    if most == 1:
                        raise await self._block_on_next(holds, str(error)) from error
                    most = max(1, most // 4)
            except (RevisionConflict, HoldChanged):
                continue
        return applied

    async def _apply_chunk(self, holds: Sequence[Hold], most: int) -> int:
        """Apply the first records that a hold keeps back, at most so many, in all generations at once."""
        discarded = await self._writer.discarded({hold.lane for hold in holds})
        made: list[tuple[Hold, list[LogPosition], WriteBatch | None]] = []
        for hold in holds:
            batches = BatchBuilder(self._writer, self._topics, most)
            batches.discarded = discarded
            positions = await self._store.holds.pending(hold, most)
            records = next(batches.split(await self.read(positions)), ())
            views = self._store.views(hold.generation)
            batch = await batches.build(await batches.decode(records), views) if records else None
            made.append((hold, positions[: len(records)], batch))

        now = utc_now()

        async def write(session: Any) -> None:
            for hold, positions, batch in made:
                # First, as it tells when all of this was committed before, and the answer was lost.
                await self._store.holds.mark_applied(hold, positions, session)
                if batch is not None:
                    await self._writer.erase(batch.saving.erase, session)
                    await self._store.views(hold.generation).write(batch.saving, session)
                    await self._store.dead_letters.insert(batch.letters, (), [hold.generation], now, session)

        counts = {hold.generation: batch.steps[hold.lane].counts for hold, _, batch in made if batch}
        await self._writer.transact_alongside_worker(
            holds[0].lane, [hold.generation for hold in holds], write, counts
        )
        return max(len(positions) for _, positions, _ in made)

    async def _block_on_next(self, holds: Sequence[Hold], reason: str) -> RetryFailed:
        """Have the records that come next be what holds; the error to raise. Raises `HoldChanged`."""
        places = [(hold, await self._store.holds.pending(hold, 1)) for hold in holds]

        async def stay(session: Any) -> None:
            for hold, position in places:
                if position:
                    await self._store.holds.block_on(hold, position[0], reason, session)

        if not places[0][1]:
            raise HoldChanged
        await self._writer.transact_alongside_worker(holds[0].lane, [hold.generation for hold in holds], stay)
        return RetryFailed(
            f"{places[0][1][0].id} cannot be applied: {reason}; {holds[0].owner} still waits:"
            " fix that and retry, or discard it"
        )

    async def read(self, positions: Sequence[LogPosition]) -> list[Record]:
        """Return the records at places, in the order of these."""
        found: dict[LogPosition, Record] = {}
        for topic, lane in dict.fromkeys((one.topic, one.lane) for one in positions):
            offsets = [one.offset for one in positions if (one.topic, one.lane) == (topic, lane)]
            for record in await self._log.read_offsets((self._topics.name(topic), lane), offsets):
                found[LogPosition(topic, lane, record.offset)] = record
        return [found[one] for one in positions]
