"""What every test of the staff surface begins with."""

from collections.abc import AsyncIterator

import pytest

from portal.settings import Settings
from tests.harness.portal_installation import Installation, Installations
from tests.integration.harness.live_worker import four_lanes
from tests.integration.staff.harness import StaffHarness


@pytest.fixture
async def one(installation: Installations) -> Installation:
    """An installation with topics."""
    return await four_lanes(installation)


@pytest.fixture
async def staff(one: Installation) -> AsyncIterator[StaffHarness]:
    """Its staff surface."""
    async with StaffHarness(Settings.read(one.env).installation).running() as found:
        yield found
