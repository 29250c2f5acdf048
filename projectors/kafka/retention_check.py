"""Retention check of the topics: they are the only source of the views (docs/contracts/events.md, Topics)."""

import asyncio
from typing import Any, Final

import structlog
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from events.topics import Topics
from projectors.kafka.client import KafkaConfig, KafkaUnavailable
from projectors.kafka.topology import admin

logger = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 30.0
INFINITE_RETENTION: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
"""The settings of a topic that is; `portal topics create` makes them so."""


FIX_HINT: Final = (
    "set retention.ms and retention.bytes to -1 and cleanup.policy to delete before records are lost"
)


async def topics_with_retention(kafka: KafkaConfig, prefix: str) -> dict[str, str]:
    """Return the topics of an installation that are not kept for ever, and by which settings; raises
    KafkaUnavailable."""
    found = await _configs(kafka, prefix)
    return {name: said for name, config in found.items() if (said := retention_reason(config))}


async def watch(kafka: KafkaConfig, prefix: str) -> None:
    """Log each topic that is not kept for ever, when it is seen first and when its settings change; for ever."""
    known: dict[str, str] = {}
    while True:
        try:
            found = await topics_with_retention(kafka, prefix)
        except KafkaUnavailable as error:
            logger.warning("cannot tell for how long topics are kept", reason=str(error))
        else:
            for name, said in found.items():
                if known.get(name) != said:
                    logger.warning("a topic is not kept for ever", topic=name, because=said, todo=FIX_HINT)
            known = found
        await asyncio.sleep(LOOK_EVERY_S)


def retention_reason(config: dict[str, str]) -> str:
    """Return the settings that limit a topic's retention; "" when it is kept for ever."""
    wrong = [name for name, value in INFINITE_RETENTION.items() if config.get(name, value) != value]
    return ", ".join(f"{name} is {config[name]}" for name in wrong)


async def _configs(kafka: KafkaConfig, prefix: str) -> dict[str, dict[str, str]]:
    """Return the settings of an installation's topics, by name, as far as they may be read; raises KafkaUnavailable."""
    names = Topics(prefix, 1).names
    async with admin(kafka) as client:
        answers = await client.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        )
    resources: list[Any] = [one for answer in answers for one in answer.resources]
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for resource in resources
        if not resource[0]
    }
