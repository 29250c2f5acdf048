"""Errors of the projectors and the store, as messages that tell an operator what to do."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portal.errors import CommandError
from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.log_reader import RecordsMissing
from projectors.kafka.topology import InvalidTopics
from projectors.log_compatibility import LogMismatch
from projectors.operations.quarantine import DeadLetterNotFound
from read_models.store import GenerationNotFound, StoreUnavailable


@asynccontextmanager
async def map_errors() -> AsyncIterator[None]:
    """Raise CommandError in place of the errors of the projectors and the store."""
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
