"""Warnings of commands that read the log, where topics have a retention limit."""

import sys

from portal.settings import Settings
from projectors.kafka.retention_check import FIX_HINT, topics_with_retention


async def retention_warnings(settings: Settings) -> list[str]:
    """Return a warning with advice for each topic with a retention limit; raises KafkaUnavailable."""
    limits = await topics_with_retention(settings.kafka, settings.topic_prefix)
    return [f"warning: {topic} is not kept for ever, {limit}: {FIX_HINT}" for topic, limit in limits.items()]


async def print_retention_warnings(settings: Settings) -> None:
    """Print the warnings to stderr; raise KafkaUnavailable."""
    for line in await retention_warnings(settings):
        print(f"portal: {line}", file=sys.stderr)
