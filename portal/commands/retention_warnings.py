"""What commands that read the log say where it is not kept for ever."""

import sys

from portal.settings import Settings
from projectors.kafka.retention_check import MEND, forgetting


async def forgetful(settings: Settings) -> list[str]:
    """A line for each topic that forgets, which says what to do; raises KafkaAway."""
    found = await forgetting(settings.kafka, settings.topic_prefix)
    return [f"warning: {name} is not kept for ever, {said}: {MEND}" for name, said in found.items()]


async def warn_of_forgetting(settings: Settings) -> None:
    """Say them on stderr; raises KafkaAway."""
    for line in await forgetful(settings):
        print(f"portal: {line}", file=sys.stderr)
