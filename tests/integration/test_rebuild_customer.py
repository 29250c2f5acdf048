"""`portal rebuild --customer`: what somebody changed in MongoDB is found and mended, while live workers go on."""

import asyncio
import json

import pytest

from portal.commands.staff import staff_config
from portal.settings import Settings
from tests.harness.portal_installation import Installations, until
from tests.integration.harness.live_worker import level, sample, send
from tests.integration.harness.operator import at, published
from tests.integration.staff.harness import EVE, StaffHarness

VICTIM = "biz_s0-0/cus_0"


async def test_an_altered_document_is_found_and_mended_beside_a_busy_worker(
    installation: Installations,
) -> None:
    """Also when the first run is killed: the next one finishes."""
    lines = sample(4)
    half = len(lines) // 2
    one = await published(installation, lines[:half])
    project = one.start("project")
    await level(one, half)
    async with at(one) as here:
        changed = await here.store.database["views_1"].update_one({"_id": VICTIM}, {"$set": {"balance": [1]}})
        assert changed.modified_count == 1
    found = await one.run("verify", "--customer", VICTIM)
    assert (found.returncode, f"{VICTIM} balance" in found.stdout) == (1, True)

    async def write() -> None:
        for start in range(half, len(lines), 40):
            await send(one, lines[start : start + 40])
            await asyncio.sleep(0.05)

    writing = asyncio.create_task(write())
    killed = one.start("rebuild", "--customer", VICTIM)
    await asyncio.sleep(2)
    killed.kill()
    mended = await one.run("rebuild", "--customer", VICTIM)
    assert (mended.returncode, "documents made" in mended.stdout) == (0, True), mended.stderr
    clean = await one.run("verify", "--customer", VICTIM)
    assert clean.returncode == 0, clean.stdout
    await writing
    await level(one, len(lines))
    assert (await one.run("verify")).returncode == 0
    listed = await one.run("dead-letters", "list")
    assert listed.stdout == "The quarantine is empty.\n"
    assert await project.stop() == 0


async def test_what_there_is_nothing_of_is_said(installation: Installations) -> None:
    one = await published(installation, sample(1))
    project = one.start("project")
    await level(one, 939)
    nobody = await one.run("rebuild", "--customer", "biz_x/cus_x")
    assert (nobody.returncode, "there is nothing of biz_x/cus_x" in nobody.stderr) == (1, True)
    business = await one.run("rebuild", "--customer", "biz_s0-0")
    assert (business.returncode, "1 documents made" in business.stdout) == (0, True), business.stderr
    told = await one.run("rebuild", "--customer", "biz_s0-0", "--json")
    assert json.loads(told.stdout)["documents"] == 1
    assert (await one.run("rebuild", "--customer", "a b/c")).returncode == 2
    assert (await one.run("rebuild", "--customer", "biz_s0-0", "--promote")).returncode == 2
    assert await project.stop() == 0


async def test_operators_start_it_from_the_staff_surface(
    installation: Installations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the same command; the audit has who it was there, and not the service's own user."""
    one = await published(installation, sample(1))
    one.start("project")
    await level(one, 939)
    for name, value in one.env.items():
        monkeypatch.setenv(name, value)
    config = staff_config(Settings.read(one.env))
    async with StaffHarness(config.installation, rebuild=config.rebuild).running() as staff:
        started = await staff.client(EVE).post("/api/rebuilds", json={"customer": VICTIM})
        assert started.status_code == 202
        rebuilding = staff.app.state.services.staff.rebuild_process
        await until(lambda: not rebuilding.is_running and rebuilding.exit_status is not None, "its end")
        assert rebuilding.exit_status == 0
        assert await staff.audit() == [
            ("staff:eve", "rebuild.start", f"--customer={VICTIM}", None),
            ("staff:eve", "customer.rebuild", VICTIM, None),
        ]
