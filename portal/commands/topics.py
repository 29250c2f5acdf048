"""`portal topics create`."""

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

CONFIG: Final[Mapping[str, str]] = {
    **INFINITE_RETENTION,
    "max.message.bytes": str(MAX_MESSAGE_BYTES),
}
"""The log is the system of record: it is kept for ever (EVENTS.md, "Topics")."""

_REPLICAS: Final = 3
_EXISTS: Final = 36
_LED_WITHIN_S: Final = 10.0


async def create(settings: Settings) -> str:
    """Create the topics that are missing and return what was done, in words.

    Raises CommandError when those that exist have another partition count.
    """
    wanted = Topics(settings.topic_prefix, settings.partitions)
    try:
        async with admin(settings.kafka) as client:
            there = await _counts(client)
            made = [name for name in wanted.names if name not in there]
            _refuse_other_counts(wanted, there)
            if made:
                await _create(client, wanted, made)
                await _led(client, wanted)
                # Someone may have made some at the same time, with another count.
                _refuse_other_counts(wanted, await _counts(client))
    except (KafkaUnavailable, InvalidTopics) as error:
        raise CommandError(str(error)) from error
    if not made:
        return f"all {len(wanted.names)} topics are there, with {wanted.partitions} partitions each"
    return "\n".join(f"created {name} with {wanted.partitions} partitions" for name in made)


async def _counts(client: AIOKafkaAdminClient) -> dict[str, int]:
    return {topic["topic"]: len(topic["partitions"]) for topic in await client.describe_topics()}


def _refuse_other_counts(wanted: Topics, there: Mapping[str, int]) -> None:
    others = [name for name in wanted.names if there.get(name, wanted.partitions) != wanted.partitions]
    if not others:
        return
    validate_topics(wanted.prefix, {name: there.get(name, wanted.partitions) for name in wanted.names})
    raise CommandError(
        f"the topics have {there[others[0]]} partitions, not {wanted.partitions}, and their count never changes:"
        f" set PORTAL_PARTITIONS={there[others[0]]}, or begin another installation with another PORTAL_TOPIC_PREFIX"
    )


async def _create(client: AIOKafkaAdminClient, wanted: Topics, names: list[str]) -> None:
    cluster = await client.describe_cluster()
    replicas = min(_REPLICAS, len(cluster["brokers"]))
    answer = await client.create_topics(
        [NewTopic(name, wanted.partitions, replicas, None, dict(CONFIG)) for name in names]
    )
    for name, code, message in answer.topic_errors:
        if code not in (0, _EXISTS):
            raise CommandError(f"{name} could not be created: {message or for_code(code).__name__}")


async def _led(client: AIOKafkaAdminClient, wanted: Topics) -> None:
    """Return when every partition has a leader, so that what is published next finds one."""
    async with asyncio.timeout(_LED_WITHIN_S):
        while True:
            found = [topic["partitions"] for topic in await client.describe_topics(list(wanted.names))]
            if all(parts and all(part["leader"] >= 0 for part in parts) for parts in found):
                return
            await asyncio.sleep(0.1)
