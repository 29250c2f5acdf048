"""What keeps an operator's command from doing what it should, in words that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from portal.errors import CommandError
from projectors.kafka.client import KafkaAway, LogGap, TopicsUnfit
from projectors.log_compatibility import Broken
from projectors.operations.quarantine import NoSuchLetter
from read_models.store import NoGeneration, Unavailable


@contextmanager
def refusals() -> Iterator[None]:
    """Raises CommandError in place of what the projectors and the store raise."""
    try:
        yield
    except Unavailable as error:
        raise CommandError(
            f"MongoDB does not answer as it should ({error}): see PORTAL_MONGO_URL, and its log"
        ) from error
    except (KafkaAway, TopicsUnfit, LogGap, Broken, NoGeneration, NoSuchLetter) as error:
        raise CommandError(str(error)) from error
