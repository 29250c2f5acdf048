"""The `portal topics create` command."""

import asyncio
from collections.abc import Mapping
from typing import Final

from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import for_code

from events.topics import MAX_MESSAGE_BYTES, Topics
from portal.errors import CommandError
from portal.settings import Settings
from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.retention_check import INFINITE_RETENTION
from projectors.kafka.topology import InvalidTopics, admin, validate_topics

TOPIC_CONFIG: Final[Mapping[str, str]] = {
    **INFINITE_RETENTION,
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
}
"""Unlimited retention, because the log is the system of record (docs/contracts/events.md, Topics)."""

_MAX_REPLICAS: Final = 3
_TOPIC_ALREADY_EXISTS: Final = 36
_LEADER_TIMEOUT_S: Final = 10.0


async def create(settings: Settings) -> str:
    """Create the missing topics and return a message that lists them.

    Raises CommandError if existing topics have another partition count.
    """
    topics = Topics(settings.topic_prefix, settings.partitions)
    try:
        async with admin(settings.kafka) as client:
            counts = await _partition_counts(client)
            missing = [name for name in topics.names if name not in counts]
            _require_partition_count(topics, counts)
            if missing:
                await _create(client, topics, missing)
                await _wait_for_leaders(client, topics)
                # Another process may have created topics concurrently, with another partition count.
                _require_partition_count(topics, await _partition_counts(client))
    except (KafkaUnavailable, InvalidTopics) as error:
        raise CommandError(str(error)) from error
    if not missing:
        return f"all {len(topics.names)} topics are there, with {topics.partitions} partitions each"
    return "\n".join(f"created {name} with {topics.partitions} partitions" for name in missing)


async def _partition_counts(client: AIOKafkaAdminClient) -> dict[str, int]:
    return {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics()}


def _require_partition_count(topics: Topics, counts: Mapping[str, int]) -> None:
    mismatched = [name for name in topics.names if counts.get(name, topics.partitions) != topics.partitions]
    if not mismatched:
        return
    validate_topics(topics.prefix, {name: counts.get(name, topics.partitions) for name in topics.names})
    actual = counts[mismatched[0]]
    raise CommandError(
        f"the topics have {actual} partitions, not {topics.partitions}, and their count never changes:"
        f" set PORTAL_PARTITIONS={actual}, or begin another installation with another PORTAL_TOPIC_PREFIX"
    )


async def _create(client: AIOKafkaAdminClient, topics: Topics, names: list[str]) -> None:
    cluster = await client.describe_cluster()
    replicas = min(_MAX_REPLICAS, len(cluster["brokers"]))
    response = await client.create_topics(
        [NewTopic(name, topics.partitions, replicas, None, dict(TOPIC_CONFIG)) for name in names]
    )
    for name, code, message in response.topic_errors:
        if code not in (0, _TOPIC_ALREADY_EXISTS):
            raise CommandError(f"{name} could not be created: {message or for_code(code).__name__}")


async def _wait_for_leaders(client: AIOKafkaAdminClient, topics: Topics) -> None:
    """Return once every partition has a leader, so that publishing works at once."""
    async with asyncio.timeout(_LEADER_TIMEOUT_S):
        while True:
            partitions = [topic["partitions"] for topic in await client.describe_topics(list(topics.names))]
            if all(parts and all(part["leader"] >= 0 for part in parts) for parts in partitions):
                return
            await asyncio.sleep(0.1)
