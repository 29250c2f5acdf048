"""What every test of the applier begins with."""

from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack
from projectors.applier import Applier
from read_models.store import Store
from tests.integration.applier.applying import LANES, TOPICS, first_generation
from tests.integration.applier.faulty_wire import FaultyWire


@pytest.fixture
async def store(stack: Stack) -> AsyncIterator[Store]:
    """A store with its first generation."""
    async with first_generation(stack.env["PORTAL_MONGO_URL"]) as one:
        yield one


@pytest.fixture
async def applier(store: Store) -> AsyncIterator[Applier]:
    """One that has all lanes."""
    one = Applier(store, TOPICS)
    await one.take_over(LANES)
    yield one
    await one.close()


@pytest.fixture
async def wire(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FaultyWire]:
    """A wire to MongoDB that breaks when told to; drivers look at once whether the server is there again."""
    monkeypatch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.01)
    async with FaultyWire(stack.env["PORTAL_MONGO_URL"]) as one:
        yield one
