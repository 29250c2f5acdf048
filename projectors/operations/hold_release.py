"""Release of holds: applies the records that wait for a hold, in order, in all active generations.

Works in steps of one transaction each. An interrupted release leaves the hold in place and the next one continues.
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
"""Maximum waiting records that are applied in one transaction."""


class RetryFailed(Exception):
    """An event still cannot be applied; the message names its position, the reason and what to do."""


class HoldRelease:
    """Applies the records that wait for holds; allows one call at a time."""

    def __init__(
        self, store: ReadModelStore, topics: Topics, log: LogReader, writer: TransactionalWriter
    ) -> None:
        """Take an open *writer*."""
        self._store = store
        self._topics = topics
        self._log = log
        self._writer = writer

    async def holds(self, owner: str) -> list[Hold]:
        """Return the holds of an owner in the active generations."""
        pointer = await self._store.generations.pointer(self._store.version)
        return await self._store.holds.of(owner, pointer.active) if pointer else []

    async def apply_pending(self, owner: str) -> int:
        """Apply the waiting records of an owner, end its hold, and return the number of records.

        Raises RetryFailed, KafkaUnavailable, RecordsMissing.
        """
        applied, limit = 0, STEP_EVENTS
        while holds := await self.holds(owner):
            try:
                try:
                    applied += await self._apply_chunk(holds, limit)
                except (BatchNotApplicable, DocumentRejected) as error:
                    if limit == 1:
                        raise await self._block_on_next(holds, str(error)) from error
                    limit = max(1, limit // 4)
            except (RevisionConflict, HoldChanged):
                continue
        return applied

    async def _apply_chunk(self, holds: Sequence[Hold], limit: int) -> int:
        """Apply the first *limit* waiting records in all generations at once, and return their number."""
        discarded = await self._writer.discarded({hold.lane for hold in holds})
        chunks: list[tuple[Hold, list[LogPosition], WriteBatch | None]] = []
        for hold in holds:
            batches = BatchBuilder(self._writer, self._topics, limit)
            batches.discarded = discarded
            positions = await self._store.holds.pending(hold, limit)
            records = next(batches.split(await self.read(positions)), ())
            views = self._store.views(hold.generation)
            batch = await batches.build(await batches.decode(records), views) if records else None
            chunks.append((hold, positions[: len(records)], batch))

        now = utc_now()

        async def write(session: Any) -> None:
            for hold, positions, batch in chunks:
                # Comes first: it fails if this transaction was committed before and only its response was lost.
                await self._store.holds.mark_applied(hold, positions, session)
                if batch is not None:
                    await self._writer.erase(batch.saving.erase, session)
                    await self._store.views(hold.generation).write(batch.saving, session)
                    await self._store.dead_letters.insert(batch.letters, (), [hold.generation], now, session)

        counts = {hold.generation: batch.steps[hold.lane].counts for hold, _, batch in chunks if batch}
        await self._writer.transact_alongside_worker(
            holds[0].lane, [hold.generation for hold in holds], write, counts
        )
        return max(len(positions) for _, positions, _ in chunks)

    async def _block_on_next(self, holds: Sequence[Hold], reason: str) -> RetryFailed:
        """Make the next waiting record the cause of the hold; return the error to raise. Raises HoldChanged."""
        next_positions = [(hold, await self._store.holds.pending(hold, 1)) for hold in holds]

        async def stay(session: Any) -> None:
            for hold, position in next_positions:
                if position:
                    await self._store.holds.block_on(hold, position[0], reason, session)

        if not next_positions[0][1]:
            raise HoldChanged
        await self._writer.transact_alongside_worker(holds[0].lane, [hold.generation for hold in holds], stay)
        return RetryFailed(
            f"{next_positions[0][1][0].id} cannot be applied: {reason}; {holds[0].owner} still waits:"
            " fix that and retry, or discard it"
        )

    async def read(self, positions: Sequence[LogPosition]) -> list[Record]:
        """Return the records at *positions*, in that order."""
        records: dict[LogPosition, Record] = {}
        for topic, lane in dict.fromkeys((one.topic, one.lane) for one in positions):
            offsets = [one.offset for one in positions if (one.topic, one.lane) == (topic, lane)]
            for record in await self._log.read_offsets((self._topics.name(topic), lane), offsets):
                records[LogPosition(topic, lane, record.offset)] = record
        return [records[one] for one in positions]
