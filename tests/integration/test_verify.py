"""`portal verify`: what is served is what the log gives, or each difference is named."""

import asyncio

import pytest

from projectors.operations.verify import Verification
from projectors.replay import Replay
from tests.harness.portal_installation import Installations
from tests.integration.harness.live_worker import level, sample, send
from tests.integration.harness.operator import apply, at, published
from tests.integration.projector.test_holds import raising_for

VICTIM = "biz_s0-0/cus_0"


async def test_what_is_served_is_what_the_log_gives(installation: Installations) -> None:
    """Everybody, businesses too; in slices as well as at once."""
    one = await published(installation, sample(2))
    async with at(one) as here:
        await apply(here)
        stored = await here.store.database["views_1"].count_documents({})
    done = await one.run("verify")
    assert done.returncode == 0, done.stdout + done.stderr
    assert done.stdout.startswith(f"compared {stored} documents of ")
    assert "0 differences" in done.stdout
    assert (await one.run("verify", "--customer", VICTIM)).returncode == 0
    assert (await one.run("verify", "--sample", "2")).stdout.endswith(" of 2 owners: 0 differences in 0\n")


async def test_slices_are_disjoint_and_hold_everybody(
    installation: Installations, monkeypatch: pytest.MonkeyPatch
) -> None:
    one = await published(installation, sample(2))
    async with at(one) as here:
        await apply(here)
        monkeypatch.setattr("projectors.operations.verify.SLICE_RECORDS", 100)
        told: list[tuple[int, int]] = []
        verification = Verification(here.store, here.cluster.topics, here.log, lambda *it: told.append(it))
        compared = [found async for found in verification.verify_all()]
        stored = await here.store.database["views_1"].count_documents({})
    owners = [found.owner for found in compared]
    assert (len(owners), sum(found.documents for found in compared)) == (len(set(owners)), stored)
    assert not any(found.differences for found in compared)
    assert told == sorted(told)
    assert told[-1][0] == told[-1][1] > 10 * 939


async def test_every_difference_is_named(installation: Installations) -> None:
    """A changed value, a lost document, one too many, an owner nobody knows; names and addresses are masked."""
    one = await published(installation, sample(1))
    async with at(one) as here:
        await apply(here)
        views = here.store.database["views_1"]
        visit, other = (
            await views.find({"customer": "cus_0", "kind": "visit", "shown": True}).limit(2).to_list(2)
        )
        await views.update_one({"_id": visit["_id"]}, {"$set": {"status": "eaten"}})
        await views.delete_one({"_id": other["_id"]})
        await views.update_one({"_id": VICTIM}, {"$set": {"emails": ["eve@mail.test"], "name": "Eve"}})
        stranger = other | {"_id": "biz_x/cus_x/visit/v", "business": "biz_x", "customer": "cus_x"}
        await views.insert_one(stranger)
    done = await one.run("verify")
    assert (done.returncode, "portal rebuild --customer" in done.stderr) == (1, True)
    lines = done.stdout.splitlines()
    assert f'{visit["_id"]} status: served "eaten", expected "{visit["status"]}"' in lines
    assert any(line.startswith(f"{other['_id']}: served absent, expected {{") for line in lines)
    assert any(
        line.startswith("biz_x/cus_x/visit/v: served {") and line.endswith("expected absent")
        for line in lines
    )
    assert any(line.startswith(f"{VICTIM} emails.0: served") for line in lines)
    assert not any(text in done.stdout for text in ("eve@", "Eve", "@mail.test"))
    assert len(lines) == 6
    mine = await one.run("verify", "--customer", "biz_x/cus_x")
    assert (mine.returncode, len(mine.stdout.splitlines())) == (1, 2)


async def test_it_is_clean_while_a_worker_writes(installation: Installations) -> None:
    """Whatever comes in meanwhile: each customer is compared as of one moment."""
    lines = sample(12)
    half = len(lines) // 2
    one = await published(installation, lines[:half])
    project = one.start("project")
    await level(one, half)

    async def write() -> None:
        for start in range(half, len(lines), 40):
            await send(one, lines[start : start + 40])
            await asyncio.sleep(0.1)

    writing = asyncio.create_task(write())
    runs = 0
    while not writing.done() or not runs:
        done = await one.run("verify")
        assert done.returncode == 0, done.stdout + done.stderr
        runs += 1
    await writing
    await level(one, len(lines))
    assert (await one.run("verify")).returncode == 0
    assert await project.stop() == 0


async def test_what_was_retried_between_two_looks_is_not_a_difference(
    installation: Installations, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A held customer is compared with what has been applied, and reported apart; a retry meanwhile is noticed."""
    from projectors.operations.quarantine import Quarantine

    one = await published(installation, sample(1))
    async with at(one) as here:
        with monkeypatch.context() as patched:
            raising_for(VICTIM, patched)
            await apply(here)
        held = await one.run("verify")
        assert held.returncode == 0, held.stdout + held.stderr
        assert f"{VICTIM}: held since" in held.stdout
        assert held.stdout.endswith(", 1 held\n")

        real = Replay.advance_to
        (letter,) = await here.store.letters.latest(10)
        assert letter.waiting > 10

        async def retried_behind(self: Replay, *arguments: object) -> None:
            await real(self, *arguments)  # type: ignore[arg-type]
            async with at(one) as there:
                writer = there.store.writer()
                await writer.open()
                if await there.store.letters.find(letter.id):
                    await Quarantine(there.store, there.cluster.topics, there.log, writer).retry(
                        letter.id, "cli:eve"
                    )
                await writer.close()

        monkeypatch.setattr(Replay, "advance_to", retried_behind)
        verification = Verification(here.store, here.cluster.topics, here.log, lambda *_: None)
        compared = [found async for found in verification.verify_owners([VICTIM])]
    assert [(found.owner, found.differences, found.pending) for found in compared] == [(VICTIM, [], None)]


async def test_wrong_usage_and_nothing_to_verify(installation: Installations) -> None:
    one = await published(installation, sample(1))
    nothing = await one.run("verify")
    assert (nothing.returncode, "there is nothing to verify" in nothing.stderr) == (1, True)
    for arguments in (("--customer", "a/b/c"), ("--customer", "a/b", "--sample", "1"), ("--sample", "0")):
        assert (await one.run("verify", *arguments)).returncode == 2
    async with at(one) as here:
        await apply(here)
    nobody = await one.run("verify", "--customer", "biz_x/cus_x")
    assert (nobody.returncode, "there is nothing of biz_x/cus_x" in nobody.stderr) == (1, True)
