"""What tests of the store and of the applier begin with."""

from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack
from projectors.processing.projector import Applier
from read_models.store import Store
from tests.integration.projector.harness import LANES, TOPICS, first_generation


@pytest.fixture
async def store(stack: Stack) -> AsyncIterator[Store]:
    """A store with its first generation."""
    async with first_generation(stack.env["PORTAL_MONGO_URL"]) as one:
        yield one


@pytest.fixture
async def applier(store: Store) -> AsyncIterator[Applier]:
    """A live worker's, which has all lanes."""
    one = Applier(store, TOPICS)
    await one.take_over(LANES)
    yield one
    await one.close()
