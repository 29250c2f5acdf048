"""How the cluster is reached, and what is asked of it beside records: its id, its topics, where their logs end."""

import asyncio
import ssl
import time
from collections import Counter
from collections.abc import AsyncIterator, Awaitable, Callable, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any, Final, Literal, NamedTuple, TypeVar

from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError, OffsetOutOfRangeError
from aiokafka.structs import ConsumerRecord, OffsetAndTimestamp

from events.envelope import Record
from events.topics import Topics
from projectors.kafka import aiokafka_header_patch as aiokafka_header_patch  # patches aiokafka on import
from projectors.kafka.records import record_of

SILENT_S: Final = 30.0
"""How long no record of a stretch that is there may arrive."""
REQUEST_S: Final = 5.0
"""How long a question to the cluster may take before it counts as not answered."""

Place = tuple[str, int]
"""A partition: full topic name and number."""

Said = TypeVar("Said")


class KafkaUnavailable(Exception):
    """The cluster does not answer, or not within `REQUEST_S`."""


class RecordsMissing(Exception):
    """A record that was there is not there any more: the log is not kept for ever."""


class InvalidTopics(Exception):
    """Topics are missing, or differ in their partition counts; the text names them and says what to do."""


class MissingTopics(InvalidTopics):
    """Some are not there (yet)."""


@dataclass(frozen=True, slots=True)
class KafkaConfig:
    """Where the brokers are and how they know us; names and values as Kafka's own clients use them."""

    bootstrap: str
    """`host:port[,host:port]`"""
    security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    sasl_username: str | None = None
    sasl_password: str | None = field(default=None, repr=False)
    ssl_context: ssl.SSLContext | None = field(default=None, repr=False)

    @property
    def servers(self) -> list[str]:
        """The bootstrap addresses one by one."""
        return [server.strip() for server in self.bootstrap.split(",")]

    def client(self) -> dict[str, Any]:
        """The arguments every aiokafka client takes."""
        return {
            "bootstrap_servers": self.servers,
            "security_protocol": self.security_protocol,
            "ssl_context": self.ssl_context,
            "sasl_mechanism": self.sasl_mechanism,
            "sasl_plain_username": self.sasl_username,
            "sasl_plain_password": self.sasl_password,
        }


class Cluster(NamedTuple):
    """What the portal needs to know of the cluster."""

    id: str
    topics: Topics


@asynccontextmanager
async def admin(kafka: KafkaConfig) -> AsyncIterator[AIOKafkaAdminClient]:
    """An administration client; raises KafkaAway when no broker answers."""
    client = AIOKafkaAdminClient(**kafka.client(), request_timeout_ms=int(REQUEST_S * 1000))
    try:
        async with asyncio.timeout(2 * REQUEST_S):
            await client.start()
        yield client
    except (KafkaError, TimeoutError, OSError) as error:
        raise KafkaUnavailable(f"Kafka does not answer at {kafka.bootstrap}") from error
    finally:
        await client.close()


async def find(kafka: KafkaConfig, prefix: str) -> Cluster:
    """The cluster and the installation's topics in it.

    Raises TopicsUnfit when a topic is missing or their partition counts differ (EVENTS.md, "Topics"), KafkaAway.
    """
    async with admin(kafka) as client:
        cluster = await client.describe_cluster()
        # All topics are asked for: to ask for one by name can create it.
        counts = {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics()}
    return Cluster(str(cluster["cluster_id"]), fitting(prefix, counts))


def fitting(prefix: str, counts: Mapping[str, int]) -> Topics:
    """The topics under a prefix, given the partition counts by full name; raises TopicsUnfit."""
    names = Topics(prefix, 1).names
    missing = [name for name in names if name not in counts]
    if missing:
        raise MissingTopics(f"there is no topic {', '.join(missing)}: run `portal topics create`")
    found = Counter(counts[name] for name in names)
    if len(found) > 1:
        listed = ", ".join(f"{name} has {counts[name]}" for name in names)
        raise InvalidTopics(
            f"the topics differ in their partition counts ({listed}): a customer's events would not meet;"
            " publish the log under another PORTAL_TOPIC_PREFIX"
        )
    return Topics(prefix, counts[names[0]])


async def members(kafka: KafkaConfig, group: str) -> set[str]:
    """The client ids of a group's members; raises KafkaAway."""
    async with admin(kafka) as client:
        (answer,) = await client.describe_consumer_groups([group])
        return {member["client_id"] for found in answer.to_object()["groups"] for member in found["members"]}


class LogReader:
    """Reads offsets and single stretches of the topics, as a member of no group."""

    def __init__(self, client: AIOKafkaConsumer, topics: Topics) -> None:
        """`client` is started and assigned nothing."""
        self._client = client
        self._topics = topics
        self._alone = asyncio.Lock()
        """What is assigned to the client is one reader's at a time."""

    async def ends(self, lanes: Iterable[int]) -> dict[Place, int]:
        """The offset that the next record of each partition will have; raises KafkaAway."""
        return await self._asked(self._client.end_offsets, lanes)

    async def beginnings(self, lanes: Iterable[int]) -> dict[Place, int]:
        """The offset of the oldest record of each partition; raises KafkaAway."""
        return await self._asked(self._client.beginning_offsets, lanes)

    async def firsts(self, lanes: Iterable[int]) -> dict[Place, int]:
        """The Kafka timestamp, in ms, of the oldest record of each partition that has one; raises KafkaAway."""

        async def ask(places: list[TopicPartition]) -> dict[TopicPartition, OffsetAndTimestamp | None]:
            found: dict[TopicPartition, OffsetAndTimestamp | None]
            found = await self._client.offsets_for_times(dict.fromkeys(places, 0))
            return found

        return {place: first.timestamp for place, first in (await self._asked(ask, lanes)).items() if first}

    async def read(self, place: Place, start: int, end: int) -> list[Record]:
        """The records of a partition from one offset up to, not including, another; raises as `scan` does."""
        async with self._alone:
            return [record_of(one) async for read in self.scan(place, start, end) for one in read]

    async def scan(
        self, place: Place, start: int, end: int
    ) -> AsyncIterator[list[ConsumerRecord[bytes, bytes]]]:
        """The records of a partition from one offset up to, not including, another, as they arrive.

        Raises KafkaAway; LogGap where the log does not reach back to `start`.
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
                elif time.monotonic() - silent_since > SILENT_S:
                    raise KafkaUnavailable("Kafka does not answer")
        except OffsetOutOfRangeError:
            raise RecordsMissing(f"the log does not reach back to {place[0]}/{place[1]}/{start}") from None
        except (KafkaError, OSError) as error:
            raise KafkaUnavailable("Kafka does not answer") from error

    async def at(self, place: Place, offsets: Iterable[int]) -> list[Record]:
        """The records of a partition at some offsets, in order; raises KafkaAway, and LogGap where one is gone."""
        partition = TopicPartition(*place)
        wanted = sorted(set(offsets), reverse=True)
        found: list[Record] = []
        self._client.assign([partition])
        try:
            while wanted:
                self._client.seek(partition, wanted[-1])
                async with asyncio.timeout(2 * REQUEST_S):
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

    async def times(self, starts: Mapping[Place, int]) -> dict[Place, int]:
        """The Kafka timestamp, in ms, of the first record from an offset on, by partition; raises KafkaAway.

        A partition is left out whose rest is no records (the markers of transactions have offsets, too).
        """
        places = {TopicPartition(*place): offset for place, offset in starts.items()}
        found: dict[Place, int] = {}
        try:
            async with asyncio.timeout(REQUEST_S), self._alone:
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

    async def _asked(
        self,
        ask: Callable[[list[TopicPartition]], Awaitable[dict[TopicPartition, Said]]],
        lanes: Iterable[int],
    ) -> dict[Place, Said]:
        places = [TopicPartition(name, lane) for lane in lanes for name in self._topics.names]
        try:
            async with asyncio.timeout(REQUEST_S):
                found = await ask(places)
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaUnavailable("Kafka does not answer") from error
        return {(place.topic, place.partition): said for place, said in found.items()}


@asynccontextmanager
async def consuming(
    kafka: KafkaConfig, *, fetch_bytes: int = 1024 * 1024, request_s: float = REQUEST_S, wait_ms: int = 100
) -> AsyncIterator[AIOKafkaConsumer]:
    """A consumer of no group, which is assigned nothing; raises KafkaAway when no broker answers.

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
            async with asyncio.timeout(2 * REQUEST_S):
                await client.start()
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaUnavailable(f"Kafka does not answer at {kafka.bootstrap}") from error
        yield client
    finally:
        await client.stop()


@asynccontextmanager
async def reading(
    kafka: KafkaConfig, topics: Topics, fetch_bytes: int = 64 * 1024
) -> AsyncIterator[LogReader]:
    """A log to read from, so many bytes of a partition at a time; raises KafkaAway when no broker answers."""
    async with consuming(kafka, fetch_bytes=fetch_bytes) as client:
        yield LogReader(client, topics)
