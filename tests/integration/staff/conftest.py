"""What every test of the staff surface begins with."""

from collections.abc import AsyncIterator

import pytest

from portal.settings import Settings
from tests.integration.live import four_lanes
from tests.integration.staff.staffing import Staff
from tests.processes import Installation, Installations


@pytest.fixture
async def one(installation: Installations) -> Installation:
    """An installation with topics."""
    return await four_lanes(installation)


@pytest.fixture
async def staff(one: Installation) -> AsyncIterator[Staff]:
    """Its staff surface."""
    async with Staff(Settings.read(one.env).installation).running() as found:
        yield found
