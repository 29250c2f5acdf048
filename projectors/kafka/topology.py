"""Topics of an installation: discovery, validation, and members of a consumer group."""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from typing import NamedTuple

from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.errors import KafkaError

from events.topics import Topics
from projectors.kafka.client import REQUEST_TIMEOUT_S, KafkaConfig, KafkaUnavailable


class InvalidTopics(Exception):
    """Topics are missing, or differ in their partition counts; the text names them and says what to do."""


class MissingTopics(InvalidTopics):
    """Some are not there (yet)."""


class Cluster(NamedTuple):
    """Id and topics of the cluster."""

    id: str
    topics: Topics


@asynccontextmanager
async def admin(kafka: KafkaConfig) -> AsyncIterator[AIOKafkaAdminClient]:
    """Yield an administration client; raises KafkaUnavailable when no broker answers."""
    client = AIOKafkaAdminClient(**kafka.client(), request_timeout_ms=int(REQUEST_TIMEOUT_S * 1000))
    try:
        async with asyncio.timeout(2 * REQUEST_TIMEOUT_S):
            await client.start()
        yield client
    except (KafkaError, TimeoutError, OSError) as error:
        raise KafkaUnavailable(f"Kafka does not answer at {kafka.bootstrap}") from error
    finally:
        await client.close()


async def discover(kafka: KafkaConfig, prefix: str) -> Cluster:
    """Return the cluster and the installation's topics in it.

    Raises InvalidTopics when a topic is missing or their partition counts differ (docs/contracts/events.md, Topics),
    KafkaUnavailable.
    """
    async with admin(kafka) as client:
        cluster = await client.describe_cluster()
        # All topics are asked for: to ask for one by name can create it.
        counts = {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics()}
    return Cluster(str(cluster["cluster_id"]), validate_topics(prefix, counts))


def validate_topics(prefix: str, counts: Mapping[str, int]) -> Topics:
    """Return the topics under a prefix, given the partition counts by full name; raises InvalidTopics."""
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


async def group_members(kafka: KafkaConfig, group: str) -> set[str]:
    """Return the client ids of a group's members; raises KafkaUnavailable."""
    async with admin(kafka) as client:
        (answer,) = await client.describe_consumer_groups([group])
        return {member["client_id"] for found in answer.to_object()["groups"] for member in found["members"]}
