"""The API over a business with files and one customer, who is signed in."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from local_stack.stack import Stack
from tests.integration.api.harness import ApiClient
from tests.integration.files.harness import Library


@pytest.fixture
async def library(stack: Stack, tmp_path: Path) -> AsyncIterator[Library]:
    async with Library(stack.env, tmp_path) as one:
        await one.say("business.registered")
        await one.say("customer.registered")
        yield one


@pytest.fixture
async def reader(library: Library) -> ApiClient:
    return await library.reader("biz_1", "cus_1", "blue")
