"""The API over a business with one customer, who is signed in."""

from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack
from tests.integration.api.full_visit import NOW
from tests.integration.api.harness import ApiClient, ApiHarness


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[ApiHarness]:
    async with ApiHarness(stack.env, NOW) as one:
        await one.say("business.registered", stripe_account_id="acct_1")
        await one.say("customer.registered")
        yield one


@pytest.fixture
async def reader(desk: ApiHarness) -> ApiClient:
    return await desk.reader("biz_1", "cus_1", "blue")
