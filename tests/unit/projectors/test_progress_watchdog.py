"""What the watch over the log's end tells, and when it gives up."""

import asyncio
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import cast

import pytest

from projectors.kafka.client import KafkaUnavailable, Partition
from projectors.kafka.log_reader import LogReader
from projectors.live import progress_watchdog
from projectors.live.lane_assignment import LaneAssignment
from projectors.live.progress_watchdog import WorkerStalled, watch
from tests.harness.portal_installation import until
from tests.support.fake_clock import FakeClock

NOW = datetime(2026, 3, 1, tzinfo=UTC)


class FakeLaneAssignment:
    """Lanes at a position."""

    def __init__(self, position: int) -> None:
        self.positions: dict[Partition, int] = {("visits", 3): position}
        self.lost_lanes: frozenset[int] = frozenset()
        self.batches = 0
        self.told: list[tuple[Mapping[Partition, int], datetime]] = []

    async def mark_level(self, ends: Mapping[Partition, int], at: datetime) -> None:
        self.told.append((ends, at))


class FakeLog:
    """A log that ends at an offset."""

    def __init__(self, end: int) -> None:
        self.end = end
        self.away = False
        self.markers = False
        """Whether what comes last are markers of transactions."""
        self.looked: list[Mapping[Partition, int]] = []
        self.asked = 0

    async def end_offsets(self, lanes: Iterable[int]) -> dict[Partition, int]:
        self.asked += 1
        if self.away:
            raise KafkaUnavailable("Kafka does not answer")
        return {("visits", lane): self.end for lane in lanes}

    async def timestamps_at(self, starts: Mapping[Partition, int]) -> dict[Partition, int]:
        self.looked.append(starts)
        return {} if self.markers else dict.fromkeys(starts, 1)


@pytest.fixture(autouse=True)
def _in_no_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(progress_watchdog, "POLL_INTERVAL_S", 0.001)
    monkeypatch.setattr(progress_watchdog, "STALL_TIMEOUT_S", 0.05)
    monkeypatch.setattr(progress_watchdog, "LOST_LANE_TIMEOUT_S", 0.05)
    monkeypatch.setattr(progress_watchdog, "PARTITION_STALL_TIMEOUT_S", 0.1)


def watching(lanes: FakeLaneAssignment, log: FakeLog) -> "asyncio.Task[None]":
    return asyncio.ensure_future(watch(cast("LaneAssignment", lanes), cast("LogReader", log), lambda: NOW))


async def assert_keeps_running(task: "asyncio.Task[None]") -> None:
    await asyncio.sleep(0.2)
    assert not task.done()
    task.cancel()


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    made = FakeClock()
    monkeypatch.setattr(progress_watchdog, "time", made)
    return made


async def almost_stall(
    task: "asyncio.Task[None]", lanes: FakeLaneAssignment, log: FakeLog, clock: FakeClock, lane: int
) -> None:
    """A record of a lane is applied when all have almost stood for too long; then it is looked twice, if still."""
    clock.now += 0.8 * progress_watchdog.STALL_TIMEOUT_S
    lanes.batches += 1
    lanes.positions["visits", lane] += 1
    looks = log.asked + 2
    await until(lambda: log.asked >= looks or task.done(), "two looks")


async def test_the_views_are_told_the_ends() -> None:
    """With the moment before they were asked for; nothing ends a worker that has nothing to do."""
    lanes = FakeLaneAssignment(7)
    await assert_keeps_running(watching(lanes, FakeLog(7)))
    assert lanes.told[0] == ({("visits", 3): 7}, NOW)


async def test_without_lanes_nothing_is_asked() -> None:
    """There is nothing to tell."""
    lanes, log = FakeLaneAssignment(7), FakeLog(7)
    lanes.positions, log.away = {}, True
    await assert_keeps_running(watching(lanes, log))
    assert lanes.told == []


async def test_a_worker_that_does_not_get_on_is_given_up() -> None:
    """Records wait, none is applied, for too long."""
    with pytest.raises(WorkerStalled, match="records wait"):
        await watching(FakeLaneAssignment(7), FakeLog(8))


async def test_a_worker_that_gets_on_is_not(clock: FakeClock) -> None:
    """However much is waiting."""
    lanes, log = FakeLaneAssignment(7), FakeLog(10**6)
    task = watching(lanes, log)
    for _ in range(10):
        await almost_stall(task, lanes, log, clock, 3)
    assert not task.done()
    task.cancel()


async def test_one_silent_partition_among_busy_ones_is_noticed(clock: FakeClock) -> None:
    """Batches are applied, and what waits there is in none of them."""
    lanes, log = FakeLaneAssignment(7), FakeLog(10**6)
    lanes.positions["visits", 4] = 7
    task = watching(lanes, log)
    for _ in range(10):
        await almost_stall(task, lanes, log, clock, 4)
    with pytest.raises(WorkerStalled, match="records wait in visits/3"):
        await asyncio.wait_for(task, 5)


async def test_markers_of_transactions_are_no_records() -> None:
    """Behind them the views are level, whatever their offsets say; they are looked at once."""
    lanes, log = FakeLaneAssignment(7), FakeLog(9)
    log.markers = True
    await assert_keeps_running(watching(lanes, log))
    assert {ends["visits", 3] for ends, _ in lanes.told[2:]} == {7}
    assert log.looked == [{("visits", 3): 7}]


async def test_a_record_behind_markers_waits() -> None:
    """The end has moved, and so it is looked again."""
    lanes, log = FakeLaneAssignment(7), FakeLog(9)
    log.markers = True
    task = watching(lanes, log)
    await asyncio.sleep(0.05)
    log.end, log.markers = 10, False
    with pytest.raises(WorkerStalled, match="records wait"):
        await asyncio.wait_for(task, 5)


async def test_a_lane_lost_and_still_ours_is_given_up() -> None:
    """Unless the group takes it away in time."""
    lanes = FakeLaneAssignment(7)
    lanes.lost_lanes = frozenset({4})
    with pytest.raises(WorkerStalled, match=r"lanes \[4\] are ours"):
        await watching(lanes, FakeLog(7))


async def test_a_log_that_became_shorter_is_looked_at_anew() -> None:
    """It may be another one."""
    with pytest.raises(WorkerStalled, match="shorter than the views in visits/3"):
        await watching(FakeLaneAssignment(7), FakeLog(6))


async def test_kafka_may_be_away() -> None:
    """That is waited for."""
    log = FakeLog(8)
    log.away = True
    await assert_keeps_running(watching(FakeLaneAssignment(7), log))


async def test_a_write_that_hangs_is_noticed_although_the_views_cannot_be_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What tells the views waits for the same lock; records wait all the same."""
    monkeypatch.setattr(progress_watchdog, "MARK_TIMEOUT_S", 0.005)
    lanes, log = FakeLaneAssignment(7), FakeLog(7)
    busy = asyncio.Event()

    async def locked(_ends: Mapping[Partition, int], _at: datetime) -> None:
        await busy.wait()

    monkeypatch.setattr(lanes, "mark_level", locked)
    task = watching(lanes, log)
    await asyncio.sleep(0.02)
    log.end = 8
    with pytest.raises(WorkerStalled, match="records wait"):
        await asyncio.wait_for(task, 5)
