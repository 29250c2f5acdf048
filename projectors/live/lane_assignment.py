"""Lanes of one worker: applied offsets of each partition, and the batch in progress."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar

import structlog

from events.envelope import Record
from projectors.kafka.client import Partition
from projectors.kafka.log_reader import LogReader
from projectors.processing.projector import GenerationsDiverged, LaneOwnershipLost, Projector

logger = structlog.get_logger(__name__)

T = TypeVar("T")

READ_CHUNK: Final = 1000
"""Offsets that are read at a time to even generations out."""


class LaneAssignment:
    """The lanes of one worker. A batch is written by a task of its own, which ends when the lanes are given away."""

    def __init__(self, applier: Projector, log: LogReader) -> None:
        """`log` is asked for records that the group did not deliver."""
        self._applier = applier
        self._log = log
        self._alone = asyncio.Lock()
        self._running: set[asyncio.Task[Any]] = set()
        self._given_away = 0
        """How often: what was begun before is of another assignment."""
        self.positions: dict[Partition, int] = {}
        """The offset of the next record that the views want, by partition; of lanes that are held only."""
        self.lost_lanes: frozenset[int] = frozenset()
        """Lanes that another worker took although the group says they are ours."""
        self.batches = 0
        """How many were applied."""

    @property
    def held(self) -> set[int]:
        """The numbers of the lanes that are held."""
        return {lane for _, lane in self.positions}

    async def acquire(self, lanes: set[int]) -> bool:
        """Take lanes over; False when they were given away again meanwhile."""
        given_away = self._given_away
        taken = await self._run(lambda: self._applier.take_over(lanes))
        if taken is None or given_away != self._given_away:
            return False
        self.positions, self.lost_lanes = taken, frozenset()
        logger.info("lanes taken over", lanes=sorted(lanes))
        return True

    async def revoke(self) -> None:
        """Stop writing at once and forget everything."""
        self._given_away += 1
        self.positions, self.lost_lanes = {}, frozenset()
        if running := set(self._running):
            for task in running:
                task.cancel()
            await asyncio.wait(running)
        async with self._alone:
            held = await self._applier.drop_lanes()
        if held:
            logger.info("lanes given away", lanes=sorted(held))

    async def apply(self, records: Sequence[Record]) -> None:
        """Apply records of partitions that are held, and move their positions.

        Records below the position are dropped. What is missing before a record is read from the log: between two
        assignments Faust can deliver what it had fetched before it went back to where the views end.
        """
        while True:
            try:
                await self._run(lambda: self._apply(records))
            except LaneOwnershipLost as error:
                self._lose(error.lanes)
            except GenerationsDiverged:
                continue
            else:
                return

    async def mark_level(self, ends: Mapping[Partition, int], at: datetime) -> None:
        """Have the views say that they hold the log up to `at`, when its ends were asked for.

        Generations that are kept from now on are begun with, also where no record comes that would show it.
        """
        async with self._alone:
            try:
                await self._applier.refresh_active_generations()
                await self._even_out()
            except LaneOwnershipLost as error:
                self._lose(error.lanes)
            await self._applier.mark_level(ends, at)

    async def _even_out(self) -> None:
        """Have all generations that are kept hold the same: what one of them is behind is read from the log."""
        while stretches := self._applier.divergence():
            for place, (start, end) in stretches.items():
                for begin in range(start, end, READ_CHUNK):
                    missing = await self._log.read(place, begin, min(end, begin + READ_CHUNK))
                    await self._applier.catch_up_generations(missing)
                    self.batches += 1
            self.positions = self._applier.positions(self.held)

    async def _apply(self, records: Sequence[Record]) -> None:
        await self._even_out()
        wanted = await self._fill_gaps(records)
        if not wanted:
            return
        await self._applier.apply(wanted)
        for record in wanted:
            self.positions[record.topic, record.partition] = record.offset + 1
        self.batches += 1

    def _lose(self, lanes: frozenset[int]) -> None:
        self.lost_lanes |= lanes
        self.positions = {place: offset for place, offset in self.positions.items() if place[1] not in lanes}
        logger.warning("lanes lost to another worker", lanes=sorted(lanes))

    async def _fill_gaps(self, records: Sequence[Record]) -> list[Record]:
        wanted: list[Record] = []
        following: dict[Partition, int] = {}
        for record in records:
            place = record.topic, record.partition
            expected = following.get(place)
            if expected is None:
                expected = self.positions.get(place)
                if expected is None:
                    continue
            if record.offset < expected:
                continue
            if record.offset > expected:
                missing = await self._log.read(place, expected, record.offset)
                if missing:
                    logger.warning(
                        "records the group passed over", topic=place[0], lane=place[1], offset=expected
                    )
                wanted += missing
            wanted.append(record)
            following[place] = record.offset + 1
        return wanted

    async def _run(self, work: Callable[[], Awaitable[T]]) -> T | None:
        """Run as the task that `revoke` ends; None when it was."""

        async def alone() -> T:
            async with self._alone:
                return await work()

        task = asyncio.ensure_future(alone())
        self._running.add(task)
        try:
            await asyncio.wait({task})
        finally:
            task.cancel()
            self._running.discard(task)
        return None if task.cancelled() else task.result()
