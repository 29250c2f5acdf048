"""What was fetched, on its way to the views."""

from collections.abc import Sequence
from itertools import groupby

from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Record
from projectors.delivery import MOST_WAITING, Inbox, oldest_first


def fetched(lane: int, *times: int) -> list[ConsumerRecord]:
    return [
        ConsumerRecord("visits", lane, offset, time, 0, b"key", b"value", None, 3, 5, (("name", b"text"),))
        for offset, time in enumerate(times)
    ]


def places(records: Sequence[Record]) -> list[tuple[int, int]]:
    return [(record.partition, record.offset) for record in records]


def waiting(offset: int) -> Record:
    return Record("visits", 0, offset, 0, None, b"", ())


def test_a_record_is_delivered_as_it_was_read() -> None:
    expected = Record("visits", 3, 0, 1700, b"key", b"value", (("name", b"text"),))
    assert [expected] == oldest_first([fetched(3, 1700)])


def test_what_was_published_first_comes_first() -> None:
    assert places(oldest_first([fetched(0, 10, 40), fetched(1, 20, 30)])) == [(0, 0), (1, 0), (1, 1), (0, 1)]


def test_a_clock_that_went_back_changes_no_order_within_a_partition() -> None:
    assert places(oldest_first([fetched(0, 50, 10), fetched(1, 50)])) == [(0, 0), (0, 1), (1, 0)]


@given(st.lists(st.lists(st.integers(-1, 9), max_size=6), max_size=4))
def test_nothing_is_lost_and_each_partition_keeps_its_order(times: list[list[int]]) -> None:
    lanes = [fetched(lane, *of_lane) for lane, of_lane in enumerate(times)]
    found = sorted(places(oldest_first(lanes)), key=lambda place: place[0])
    by_lane = {
        lane: [offset for _, offset in of_lane] for lane, of_lane in groupby(found, lambda one: one[0])
    }
    assert {lane: list(range(len(of_lane))) for lane, of_lane in enumerate(times) if of_lane} == by_lane


def test_the_inbox_gives_out_the_first_ones() -> None:
    inbox = Inbox()
    inbox.add([waiting(0), waiting(1)])
    inbox.add([waiting(2)])
    assert ([waiting(0), waiting(1)], [waiting(2)], []) == (inbox.take(2), inbox.take(2), inbox.take(2))


def test_there_is_room_until_much_waits_and_again_when_it_was_taken() -> None:
    inbox = Inbox()
    assert inbox.room.is_set()
    inbox.add([waiting(offset) for offset in range(MOST_WAITING)])
    assert not inbox.room.is_set()
    inbox.take(1)
    assert inbox.room.is_set()


def test_an_inbox_that_was_cleared_is_empty_and_has_room() -> None:
    inbox = Inbox()
    inbox.add([waiting(offset) for offset in range(MOST_WAITING)])
    inbox.clear()
    assert (inbox.room.is_set(), inbox.take(1)) == (True, [])
