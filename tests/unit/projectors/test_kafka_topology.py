"""Stretches of a log as they are read, in which order, and what is raised when Kafka is silent or away."""

from collections.abc import Sequence
from itertools import groupby
from typing import cast

import pytest
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaConnectionError, KafkaError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord
from hypothesis import given
from hypothesis import strategies as st

from events.envelope import Record
from events.topics import Topics
from projectors.kafka import log_reader
from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.log_reader import LogReader, RecordsMissing
from projectors.kafka.records import oldest_first, record_of

PLACE = ("visits", 3)


def fetched(lane: int, *times: int) -> list[ConsumerRecord[bytes, bytes]]:
    return [
        ConsumerRecord("visits", lane, offset, time, 0, b"key", b"value", None, 3, 5, (("name", b"text"),))
        for offset, time in enumerate(times)
    ]


class Client:
    """A consumer of one partition, which may be silent or raise."""

    def __init__(self, records: int) -> None:
        self.records = fetched(3, *range(records))
        self.error: KafkaError | OSError | None = None
        self.silent = False
        self.offset = 0

    def assign(self, _: Sequence[TopicPartition]) -> None:
        self.offset = -1

    def seek(self, _: TopicPartition, offset: int) -> None:
        self.offset = offset

    async def position(self, _: TopicPartition) -> int:
        return self.offset

    async def getmany(
        self, partition: TopicPartition, timeout_ms: int
    ) -> dict[TopicPartition, list[ConsumerRecord[bytes, bytes]]]:
        assert timeout_ms
        if self.error:
            raise self.error
        read = [] if self.silent else self.records[self.offset : self.offset + 2]
        self.offset += len(read)
        return {partition: read} if read else {}


def log(client: Client) -> LogReader:
    return LogReader(cast("AIOKafkaConsumer", client), Topics("", 4))


async def test_a_stretch_ends_before_its_end() -> None:
    found = await log(Client(9)).read(PLACE, 2, 5)
    assert found == [record_of(one) for one in fetched(3, *range(9))[2:5]]


async def test_a_log_that_is_silent_for_too_long_is_away(monkeypatch: pytest.MonkeyPatch) -> None:
    """And read again afterwards: nothing holds it."""
    monkeypatch.setattr(log_reader, "FETCH_TIMEOUT_S", 0.01)
    client = Client(9)
    one, client.silent = log(client), True
    with pytest.raises(KafkaUnavailable):
        await one.read(PLACE, 0, 5)
    client.silent = False
    assert len(await one.read(PLACE, 0, 5)) == 5


@pytest.mark.parametrize(
    ("error", "raised"),
    [
        (KafkaConnectionError(), KafkaUnavailable),
        (OSError(), KafkaUnavailable),
        (OffsetOutOfRangeError({}), RecordsMissing),
    ],
)
async def test_what_the_client_raises_is_told_as_ours(
    error: KafkaError | OSError, raised: type[Exception]
) -> None:
    client = Client(9)
    client.error = error
    with pytest.raises(raised):
        await log(client).read(PLACE, 0, 5)


def test_a_record_is_what_was_read() -> None:
    assert record_of(fetched(3, 1700)[0]) == Record(
        "visits", 3, 0, 1700, b"key", b"value", (("name", b"text"),)
    )


def places(*partitions: Sequence[ConsumerRecord[bytes, bytes]]) -> list[tuple[int, int]]:
    """In which order they are applied: lane and offset."""
    ordered = oldest_first([record_of(one) for one in records] for records in partitions)
    return [(record.partition, record.offset) for record in ordered]


def test_what_was_published_first_comes_first() -> None:
    assert places(fetched(0, 10, 40), fetched(1, 20, 30)) == [(0, 0), (1, 0), (1, 1), (0, 1)]


def test_a_clock_that_went_back_changes_no_order_within_a_partition() -> None:
    assert places(fetched(0, 50, 10), fetched(1, 50)) == [(0, 0), (0, 1), (1, 0)]
    assert places(fetched(0, 10, 5, 30), fetched(1, 7, 20)) == [(1, 0), (0, 0), (0, 1), (1, 1), (0, 2)]


@given(st.lists(st.lists(st.integers(-1, 9), max_size=6), max_size=4))
def test_nothing_is_lost_and_each_partition_keeps_its_order(times: list[list[int]]) -> None:
    lanes = [fetched(lane, *of_lane) for lane, of_lane in enumerate(times)]
    found = sorted(places(*lanes), key=lambda place: place[0])
    by_lane = {
        lane: [offset for _, offset in of_lane] for lane, of_lane in groupby(found, lambda one: one[0])
    }
    assert {lane: list(range(len(of_lane))) for lane, of_lane in enumerate(times) if of_lane} == by_lane
