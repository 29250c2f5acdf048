"""Watches the log's end: tells the views up to when they hold all of it, and notices a worker that does not get on."""

import asyncio
import time
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final

import structlog

from projectors.kafka.client import KafkaUnavailable, Partition
from projectors.kafka.log_reader import LogReader
from projectors.live.consumer_group import SESSION_S
from projectors.live.lane_assignment import LaneAssignment
from read_models.store import StoreUnavailable

logger = structlog.get_logger(__name__)

POLL_INTERVAL_S: Final = 1.0
MARK_TIMEOUT_S: Final = 5.0
"""How long the views may be busy with a batch before they are told the next time."""
STALL_TIMEOUT_S: Final = 60.0
"""Records wait and no batch was applied for so long."""
PARTITION_STALL_TIMEOUT_S: Final = 3 * STALL_TIMEOUT_S
"""Records wait in a partition and it does not get on for so long, whatever the others do."""
LOST_LANE_TIMEOUT_S: Final = 2 * SESSION_S
"""By then the group has given away a lane that is another's, or it was taken from us wrongly."""


class WorkerStalled(Exception):
    """The worker does not get on as it is; the text says why. Another one, which looks at everything anew, may."""


class _Stopwatch:
    """Time since a condition became true."""

    def __init__(self) -> None:
        self._since: float | None = None

    def seconds(self, so: bool) -> float:
        now = time.monotonic()
        self._since = (now if self._since is None else self._since) if so else None
        return 0.0 if self._since is None else now - self._since


class _StalledPartitions:
    """The partitions in which something waits: where they are, and since when they have been there."""

    def __init__(self) -> None:
        self._since: dict[Partition, tuple[int, float]] = {}
        self._markers: dict[Partition, tuple[int, int]] = {}
        """Positions behind which, up to the log's end then, nothing but markers of transactions comes."""
        self._records: dict[Partition, int] = {}
        """Positions at which there is a record."""

    async def records(
        self, positions: Mapping[Partition, int], ends: Mapping[Partition, int], log: LogReader
    ) -> set[Partition]:
        """Return the partitions in which records wait; raises KafkaUnavailable.

        Markers have offsets, too: what comes where a position does not move is looked at, once.
        """
        now = time.monotonic()
        behind = {
            place: offset
            for place, offset in positions.items()
            if offset < ends[place] and self._markers.get(place) != (offset, ends[place])
        }
        before, self._since = self._since, {place: (offset, now) for place, offset in behind.items()}
        stand = {place: offset for place, offset in behind.items() if before.get(place, (-1,))[0] == offset}
        self._since |= {place: before[place] for place in stand}
        unknown = {place: offset for place, offset in stand.items() if self._records.get(place) != offset}
        found = await log.timestamps_at(unknown) if unknown else {}
        for place, offset in unknown.items():
            if place in found:
                self._records[place] = offset
            else:
                self._markers[place] = offset, ends[place]
                del behind[place], self._since[place]
        return set(behind)

    def silent(self) -> Partition | None:
        """Return a partition that has stood for too long."""
        now = time.monotonic()
        return next(
            (place for place, (_, at) in self._since.items() if now - at > PARTITION_STALL_TIMEOUT_S), None
        )


async def watch(lanes: LaneAssignment, log: LogReader, clock: Callable[[], datetime]) -> None:
    """Ask for the ends once a second, for ever; raise WorkerStalled."""
    standing, all_standing, losing, batches, waiting = (
        _StalledPartitions(),
        _Stopwatch(),
        _Stopwatch(),
        0,
        False,
    )
    while True:
        try:
            waiting = await _look(lanes, log, standing, clock)
        except KafkaUnavailable as error:
            logger.warning("cannot tell how far the log goes", reason=str(error))
        stands, batches = waiting and lanes.batches == batches, lanes.batches
        if all_standing.seconds(stands) > STALL_TIMEOUT_S:
            raise WorkerStalled(f"records wait and none was applied for {STALL_TIMEOUT_S:.0f} s")
        if silent := standing.silent():
            raise WorkerStalled(
                f"records wait in {silent[0]}/{silent[1]} and none was applied for {PARTITION_STALL_TIMEOUT_S:.0f} s"
            )
        if losing.seconds(bool(lanes.lost_lanes)) > LOST_LANE_TIMEOUT_S:
            raise WorkerStalled(f"lanes {sorted(lanes.lost_lanes)} are ours, and another worker wrote them")
        await asyncio.sleep(POLL_INTERVAL_S)


async def _look(
    lanes: LaneAssignment, log: LogReader, standing: _StalledPartitions, clock: Callable[[], datetime]
) -> bool:
    """Return whether records wait."""
    positions = dict(lanes.positions)
    if not positions:
        return False
    at = clock()
    ends = await log.end_offsets({lane for _, lane in positions})
    if short := sorted(place for place, end in ends.items() if end < positions[place]):
        raise WorkerStalled(f"the log is shorter than the views in {short[0][0]}/{short[0][1]}")
    waiting = await standing.records(positions, ends, log)
    ends = {place: end if place in waiting else positions[place] for place, end in ends.items()}
    try:
        async with asyncio.timeout(MARK_TIMEOUT_S):
            await lanes.mark_level(ends, at)
    except (StoreUnavailable, TimeoutError) as error:
        # Records wait all the same: a write that hangs is noticed by that.
        logger.warning("cannot tell the views that they are level", reason=str(error) or "they are busy")
    return bool(waiting)
