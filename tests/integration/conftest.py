"""What tests of the store and of the applier begin with."""

from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack
from projectors.processing.projector import Projector
from read_models.store import ReadModelStore
from tests.integration.projector.harness import LANES, TOPICS, first_generation


@pytest.fixture
async def store(stack: Stack) -> AsyncIterator[ReadModelStore]:
    """A store with its first generation."""
    async with first_generation(stack.env["PORTAL_MONGO_URL"]) as one:
        yield one


@pytest.fixture
async def applier(store: ReadModelStore) -> AsyncIterator[Projector]:
    """A live worker's, which has all lanes."""
    one = Projector(store, TOPICS)
    await one.take_over(LANES)
    yield one
    await one.close()
