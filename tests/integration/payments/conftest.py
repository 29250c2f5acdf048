"""One till for all tests of payments: each has a customer of its own."""

from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack
from tests.harness.portal_installation import Installation
from tests.integration.payments.harness import PaymentsHarness


@pytest.fixture(scope="package")
async def till(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[PaymentsHarness]:
    async with (
        Installation(stack.env, tmp_path_factory.mktemp("till"), PORTAL_PARTITIONS="4") as one,
        PaymentsHarness(one) as made,
    ):
        yield made


@pytest.fixture(autouse=True)
async def nothing_is_delivered(till: PaymentsHarness) -> AsyncIterator[None]:
    """Stripe's events go nowhere unless a test says so."""
    yield
    await till.deliver()
