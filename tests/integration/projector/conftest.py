"""A wire that tests of the applier may break."""

from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack
from tests.integration.projector.fault_proxy import FaultProxy


@pytest.fixture
async def wire(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[FaultProxy]:
    """A wire to MongoDB that breaks when told to; drivers look at once whether the server is there again."""
    monkeypatch.setattr("pymongo.common.MIN_HEARTBEAT_INTERVAL", 0.01)
    async with FaultProxy(stack.env["PORTAL_MONGO_URL"]) as one:
        yield one
