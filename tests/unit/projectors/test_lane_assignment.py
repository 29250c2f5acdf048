"""What a worker does with what arrives, and when its lanes go."""

import asyncio
from collections.abc import Sequence
from typing import cast

import pytest

from events.envelope import Record
from events.topics import Topics
from projectors.kafka.client import Partition
from projectors.kafka.log_reader import LogReader
from projectors.live.lane_assignment import LaneAssignment
from projectors.processing.projector import LaneOwnershipLost, Projector

TOPICS = Topics("", 4)


def record(offset: int, lane: int = 0, topic: str = "visits") -> Record:
    return Record(topic, lane, offset, 0, None, b"", ())


class Views:
    """An applier that notes what it is given, and blocks or refuses when told to."""

    def __init__(self) -> None:
        self.applied: list[Record] = []
        self.held: set[int] = set()
        self.released: list[set[int]] = []
        self.away = asyncio.Event()
        self.away.set()
        self.blocked = asyncio.Event()
        self.blocked.set()
        self.lost: frozenset[int] = frozenset()
        self.broken = False

    async def take_over(self, lanes: set[int]) -> dict[Partition, int]:
        await self.away.wait()
        self.held |= lanes
        return {(topic, lane): 5 for topic in TOPICS.names for lane in lanes}

    async def drop_lanes(self) -> set[int]:
        released, self.held = self.held, set()
        self.released.append(released)
        return released

    async def refresh_active_generations(self) -> None:
        pass

    def divergence(self) -> dict[Partition, tuple[int, int]]:
        return {}

    async def apply(self, records: Sequence[Record]) -> None:
        await self.blocked.wait()
        if self.broken:
            raise ValueError("broken")
        if self.lost & {one.partition for one in records}:
            raise LaneOwnershipLost(self.lost)
        self.applied += records


class Topic:
    """A log whose records have the even offsets; the odd ones are a transaction's markers, say."""

    async def read(self, place: Partition, start: int, end: int) -> list[Record]:
        return [record(offset, place[1], place[0]) for offset in range(start, end) if offset % 2 == 0]


@pytest.fixture
def views() -> Views:
    return Views()


@pytest.fixture
async def lanes(views: Views) -> LaneAssignment:
    lanes = LaneAssignment(cast("Projector", views), cast("LogReader", Topic()))
    assert await lanes.acquire({0, 1})
    return lanes


async def test_what_arrives_is_applied_in_its_order(lanes: LaneAssignment, views: Views) -> None:
    """And the positions move behind it."""
    await lanes.apply([record(5), record(5, 1), record(6)])
    assert views.applied == [record(5), record(5, 1), record(6)]
    assert (lanes.positions["visits", 0], lanes.positions["visits", 1]) == (7, 6)


async def test_what_the_views_hold_is_dropped(lanes: LaneAssignment, views: Views) -> None:
    """A redelivery is below the position, within a batch too."""
    await lanes.apply([record(4), record(5), record(5), record(6)])
    assert views.applied == [record(5), record(6)]


async def test_what_was_passed_over_is_read_from_the_log(lanes: LaneAssignment, views: Views) -> None:
    """Nothing is missing behind a record that is applied; offsets without a record are none."""
    await lanes.apply([record(9)])
    assert views.applied == [record(6), record(8), record(9)]
    assert lanes.positions["visits", 0] == 10


async def test_lanes_that_are_not_held_are_left_alone(lanes: LaneAssignment, views: Views) -> None:
    """Whatever arrives of them."""
    await lanes.apply([record(5, 2), record(5)])
    assert views.applied == [record(5)]


async def test_a_batch_under_way_ends_with_the_assignment(lanes: LaneAssignment, views: Views) -> None:
    """It is not waited for, and nothing is written afterwards."""
    views.blocked.clear()
    writing = asyncio.ensure_future(lanes.apply([record(5)]))
    await asyncio.sleep(0)
    await lanes.revoke()
    await writing
    views.blocked.set()
    assert (views.applied, views.released, lanes.positions) == ([], [{0, 1}], {})


async def test_lanes_given_away_while_they_are_taken_are_not_held(
    lanes: LaneAssignment, views: Views
) -> None:
    """The database is away, records wait behind the take-over, and the group takes the lanes back at once."""
    await lanes.revoke()
    views.away.clear()
    taking = asyncio.ensure_future(lanes.acquire({0, 1}))
    await asyncio.sleep(0)
    writing = asyncio.ensure_future(lanes.apply([record(5)]))
    await asyncio.sleep(0)
    await asyncio.wait_for(lanes.revoke(), 15)
    assert not await taking
    await writing
    assert (views.applied, views.held, lanes.held) == ([], set(), set())


async def test_the_rest_goes_on_when_a_lane_is_lost(lanes: LaneAssignment, views: Views) -> None:
    """The lane is remembered as lost until lanes are taken again."""
    views.lost = frozenset({1})
    await lanes.apply([record(5), record(5, 1)])
    assert views.applied == [record(5)]
    assert (lanes.held, lanes.lost_lanes) == ({0}, frozenset({1}))
    await lanes.acquire({0, 1})
    assert (lanes.held, lanes.lost_lanes) == ({0, 1}, frozenset())


async def test_what_applying_raises_is_raised(lanes: LaneAssignment, views: Views) -> None:
    """The worker is to end by it."""

    views.broken = True
    with pytest.raises(ValueError, match="broken"):
        await lanes.apply([record(5)])
