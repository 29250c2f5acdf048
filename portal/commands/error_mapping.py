"""What keeps an operator's command from doing what it should, in words that say what to do."""

from collections.abc import Iterator
from contextlib import contextmanager

from portal.errors import CommandError
from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.log_reader import RecordsMissing
from projectors.kafka.topology import InvalidTopics
from projectors.log_compatibility import LogMismatch
from projectors.operations.quarantine import DeadLetterNotFound
from read_models.store import GenerationNotFound, StoreUnavailable


@contextmanager
def map_errors() -> Iterator[None]:
    """Raises CommandError in place of what the projectors and the store raise."""
    try:
        yield
    except StoreUnavailable as error:
        raise CommandError(
            f"MongoDB does not answer as it should ({error}): see PORTAL_MONGO_URL, and its log"
        ) from error
    except (
        KafkaUnavailable,
        InvalidTopics,
        RecordsMissing,
        LogMismatch,
        GenerationNotFound,
        DeadLetterNotFound,
    ) as error:
        raise CommandError(str(error)) from error
