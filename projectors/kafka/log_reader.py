"""Reading the log: offsets, timestamps and single ranges of records, as a member of no group."""

import asyncio
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from typing import Final, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord, OffsetAndTimestamp

from events.envelope import Record
from events.topics import Topics
from projectors.kafka import aiokafka_header_patch as aiokafka_header_patch  # patches aiokafka on import
from projectors.kafka.client import REQUEST_TIMEOUT_S, KafkaConfig, KafkaUnavailable, Partition
from projectors.kafka.records import record_of

FETCH_TIMEOUT_S: Final = 30.0
"""How long no record of a stretch that is there may arrive."""

Answer = TypeVar("Answer")


class RecordsMissing(Exception):
    """A record that was there is not there any more: the log is not kept for ever."""


class LogReader:
    """Reads offsets and single stretches of the topics, as a member of no group."""

    def __init__(self, client: AIOKafkaConsumer, topics: Topics) -> None:
        """`client` is started and assigned nothing."""
        self._client = client
        self._topics = topics
        self._alone = asyncio.Lock()
        """What is assigned to the client is one reader's at a time."""

    async def end_offsets(self, lanes: Iterable[int]) -> dict[Partition, int]:
        """Return the offset that the next record of each partition will have; raises KafkaUnavailable."""
        return await self._query(self._client.end_offsets, lanes)

    async def beginning_offsets(self, lanes: Iterable[int]) -> dict[Partition, int]:
        """Return the offset of the oldest record of each partition; raises KafkaUnavailable."""
        return await self._query(self._client.beginning_offsets, lanes)

    async def earliest_timestamps(self, lanes: Iterable[int]) -> dict[Partition, int]:
        """Return the Kafka timestamp, in ms, of the oldest record of each partition that has one; raises
        KafkaUnavailable."""

        async def ask(places: list[TopicPartition]) -> dict[TopicPartition, OffsetAndTimestamp | None]:
            found: dict[TopicPartition, OffsetAndTimestamp | None]
            found = await self._client.offsets_for_times(dict.fromkeys(places, 0))
            return found

        return {place: first.timestamp for place, first in (await self._query(ask, lanes)).items() if first}

    async def read(self, place: Partition, start: int, end: int) -> list[Record]:
        """Return the records of a partition from one offset up to, not including, another; raises as `scan` does."""
        async with self._alone:
            return [record_of(one) async for read in self.scan(place, start, end) for one in read]

    async def scan(
        self, place: Partition, start: int, end: int
    ) -> AsyncIterator[list[ConsumerRecord[bytes, bytes]]]:
        """Yield the records of a partition from one offset up to, not including, another, as they arrive.

        Raises KafkaUnavailable; RecordsMissing where the log does not reach back to `start`.
        """
        partition = TopicPartition(*place)
        self._client.assign([partition])
        self._client.seek(partition, start)
        silent_since = time.monotonic()
        try:
            while await self._client.position(partition) < end:
                read = (await self._client.getmany(partition, timeout_ms=500)).get(partition)
                if read:
                    yield [one for one in read if one.offset < end]
                    silent_since = time.monotonic()
                elif time.monotonic() - silent_since > FETCH_TIMEOUT_S:
                    raise KafkaUnavailable("Kafka does not answer")
        except OffsetOutOfRangeError:
            raise RecordsMissing(f"the log does not reach back to {place[0]}/{place[1]}/{start}") from None
        except (KafkaError, OSError) as error:
            raise KafkaUnavailable("Kafka does not answer") from error

    async def read_offsets(self, place: Partition, offsets: Iterable[int]) -> list[Record]:
        """Return the records of a partition at some offsets, in order; raises KafkaUnavailable, and RecordsMissing
        where one is gone."""
        partition = TopicPartition(*place)
        wanted = sorted(set(offsets), reverse=True)
        found: list[Record] = []
        self._client.assign([partition])
        try:
            while wanted:
                self._client.seek(partition, wanted[-1])
                async with asyncio.timeout(2 * REQUEST_TIMEOUT_S):
                    while not (read := (await self._client.getmany(timeout_ms=500)).get(partition)):
                        pass
                if read[0].offset > wanted[-1]:
                    raise RecordsMissing(f"the log has no record at {place[0]}/{place[1]}/{wanted[-1]}")
                for one in read:
                    if wanted and one.offset == wanted[-1]:
                        found.append(record_of(one))
                        wanted.pop()
        except OffsetOutOfRangeError:
            raise RecordsMissing(
                f"the log does not reach back to {place[0]}/{place[1]}/{wanted[-1]}"
            ) from None
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaUnavailable("Kafka does not answer") from error
        return found

    async def timestamps_at(self, starts: Mapping[Partition, int]) -> dict[Partition, int]:
        """Return the Kafka timestamp, in ms, of the first record from an offset on, by partition; raises
        KafkaUnavailable.

        A partition is left out whose rest is no records (the markers of transactions have offsets, too).
        """
        places = {TopicPartition(*place): offset for place, offset in starts.items()}
        found: dict[Partition, int] = {}
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S), self._alone:
                self._client.assign(list(places))
                for partition, offset in places.items():
                    self._client.seek(partition, offset)
                ends = await self._client.end_offsets(list(places))
                while waiting := [place for place in places if place not in self._client.paused()]:
                    batches = await self._client.getmany(*waiting, timeout_ms=200)
                    for partition in waiting:
                        if records := batches.get(partition):
                            found[partition.topic, partition.partition] = records[0].timestamp
                        elif await self._client.position(partition) < ends[partition]:
                            continue
                        self._client.pause(partition)
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaUnavailable("Kafka does not answer") from error
        return found

    async def _query(
        self,
        ask: Callable[[list[TopicPartition]], Awaitable[dict[TopicPartition, Answer]]],
        lanes: Iterable[int],
    ) -> dict[Partition, Answer]:
        places = [TopicPartition(name, lane) for lane in lanes for name in self._topics.names]
        try:
            async with asyncio.timeout(REQUEST_TIMEOUT_S):
                found = await ask(places)
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaUnavailable("Kafka does not answer") from error
        return {(place.topic, place.partition): said for place, said in found.items()}


@asynccontextmanager
async def standalone_consumer(
    kafka: KafkaConfig,
    *,
    fetch_bytes: int = 1024 * 1024,
    request_s: float = REQUEST_TIMEOUT_S,
    wait_ms: int = 100,
) -> AsyncIterator[AIOKafkaConsumer]:
    """Yield a consumer of no group, which is assigned nothing; raises KafkaUnavailable when no broker answers.

    So many bytes of a partition are asked for at a time; the broker waits for some so long, where there are none.
    """
    client = AIOKafkaConsumer(
        **kafka.client(),
        enable_auto_commit=False,
        auto_offset_reset="none",
        request_timeout_ms=int(request_s * 1000),
        fetch_max_wait_ms=wait_ms,
        max_partition_fetch_bytes=fetch_bytes,
    )
    try:
        try:
            async with asyncio.timeout(2 * REQUEST_TIMEOUT_S):
                await client.start()
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaUnavailable(f"Kafka does not answer at {kafka.bootstrap}") from error
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def open_log_reader(
    kafka: KafkaConfig, topics: Topics, fetch_bytes: int = 64 * 1024
) -> AsyncIterator[LogReader]:
    """Yield a log to read from, so many bytes of a partition at a time; raises KafkaUnavailable when no broker
    answers."""
    async with standalone_consumer(kafka, fetch_bytes=fetch_bytes) as client:
        yield LogReader(client, topics)
