"""Warnings of commands that read the log, where topics have a retention limit."""

import sys

from portal.settings import Settings
from projectors.kafka.retention_check import FIX_HINT, topics_with_retention


async def retention_warnings(settings: Settings) -> list[str]:
    """Return a line for each topic that forgets, which says what to do; raises KafkaUnavailable."""
    found = await topics_with_retention(settings.kafka, settings.topic_prefix)
    return [f"warning: {name} is not kept for ever, {said}: {FIX_HINT}" for name, said in found.items()]


async def print_retention_warnings(settings: Settings) -> None:
    """Say them on stderr; raise KafkaUnavailable."""
    for line in await retention_warnings(settings):
        print(f"portal: {line}", file=sys.stderr)
