"""Reads a slice of a lane: the records of some owners up to fixed offsets, in bounded memory."""

import asyncio
import zlib
from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from events.envelope import Record
from events.topics import Topics
from projectors.kafka.client import KafkaConfig, KafkaUnavailable
from projectors.kafka.log_reader import RecordsMissing, standalone_consumer
from projectors.kafka.records import record_of
from read_models.store import KeySlice

SLICE_RECORDS: Final = 40_000
"""Of a lane with more, several slices are made."""
SLICE_BYTES: Final = 48 * 1024 * 1024
"""Of the records that are kept while a slice is read; one that has more is read in two."""
RECORD_OVERHEAD_BYTES: Final = 500
"""What a record takes beside its value."""
FETCH_BYTES: Final = 512 * 1024
SILENT_S: Final = 30.0
"""Without a record for so long, Kafka does not answer."""

ByTopic = Sequence[list[Record]]


class SliceRecords(NamedTuple):
    """Records of a slice, by owner."""

    slice: KeySlice
    """The one asked for, or a part of it that fits."""
    rest: Sequence[KeySlice]
    """The other parts."""
    records: dict[bytes | None, ByTopic]
    """By key."""


def slice_count(records: int) -> int:
    """Return how many slices a lane of so many records is read in."""
    return max(1, -(-records // SLICE_RECORDS))


class SliceReader:
    """Reads lanes from their beginning, again and again."""

    def __init__(self, client: AIOKafkaConsumer, topics: Topics) -> None:
        """`client` is started and assigned nothing."""
        self._client = client
        self._topics = topics

    async def read(
        self, lane: int, begins: Mapping[str, int], target: Mapping[str, int], part: KeySlice
    ) -> SliceRecords:
        """Return the records of a slice from some offsets (0 where none is given) to below others, by topic without
        prefix.

        Raises KafkaUnavailable; RecordsMissing where the log does not reach back so far.
        """
        ends = {TopicPartition(self._topics.name(short), lane): end for short, end in target.items() if end}
        numbers = {place.topic: number for number, place in enumerate(ends)}
        found = _SliceCollector(part, len(ends))
        try:
            self._client.assign(list(ends))
            for place in ends:
                self._client.seek(place, begins.get(self._topics.unprefixed_by_name[place.topic], 0))
            silent_since = asyncio.get_running_loop().time()
            while waiting := [
                place for place, end in ends.items() if await self._client.position(place) < end
            ]:
                batches = await self._client.getmany(*waiting, timeout_ms=500)
                for place, batch in batches.items():
                    found.add(batch, numbers[place.topic], ends[place])
                now = asyncio.get_running_loop().time()
                silent_since = now if batches else silent_since
                if now - silent_since > SILENT_S:
                    raise KafkaUnavailable("Kafka does not answer")
        except OffsetOutOfRangeError:
            raise RecordsMissing(
                f"the log of lane {lane} does not reach back any more to where it began"
            ) from None
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaUnavailable("Kafka does not answer") from error
        finally:
            self._client.unsubscribe()
        return found.owners()


class _SliceCollector:
    """The records found so far; where they get too many, only those of a part of the slice."""

    def __init__(self, part: KeySlice, topics: int) -> None:
        self._part = part
        self._topics = topics
        self._rest: list[KeySlice] = []
        self._records: dict[bytes | None, ByTopic] = {}
        self._bytes = 0

    def add(self, batch: Sequence[Any], topic: int, end: int) -> None:
        of, number = self._part
        for read in batch:
            if read.offset >= end:
                break
            key = read.key
            if of > 1 and slice_hash(key) % of != number:
                continue
            by_topic = self._records.get(key)
            if by_topic is None:
                by_topic = self._records[key] = [[] for _ in range(self._topics)]
            by_topic[topic].append(record_of(read))
            self._bytes += len(read.value or b"") + RECORD_OVERHEAD_BYTES
        while self._bytes > SLICE_BYTES and len(self._records) > 1:
            self._split()

    def _split(self) -> None:
        self._part, other = self._part.halves()
        self._rest.insert(0, other)
        of, number = self._part
        self._records = {key: found for key, found in self._records.items() if slice_hash(key) % of == number}
        self._bytes = sum(
            len(record.value or b"") + RECORD_OVERHEAD_BYTES
            for found in self._records.values()
            for records in found
            for record in records
        )

    def owners(self) -> SliceRecords:
        return SliceRecords(self._part, self._rest, self._records)


def slice_hash(key: bytes | None) -> int:
    """Return the number by which an owner is in a slice: not Kafka's, by which all owners of a lane are alike."""
    return zlib.crc32(key or b"")


@asynccontextmanager
async def lane_reader(kafka: KafkaConfig, topics: Topics) -> AsyncIterator[SliceReader]:
    """Yield a reader with a connection of its own; raises KafkaUnavailable when no broker answers."""
    async with standalone_consumer(kafka, fetch_bytes=FETCH_BYTES, request_s=SILENT_S) as client:
        yield SliceReader(client, topics)
