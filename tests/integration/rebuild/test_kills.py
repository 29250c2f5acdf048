"""Processes of a rebuild, and live workers, killed at any moment: what is served is always one generation, whole."""

import asyncio
import os
import random
import signal

import pytest

from tests.harness.portal_installation import Installation, Installations, until
from tests.integration.harness.live_worker import expected, sample, send, worker_of
from tests.integration.rebuild.harness import caught_up, command, documents, ended, made, views


async def progress(one: Installation) -> int:
    """How many records are in finished slices or folded, of the generation that is being filled."""
    lanes = [lane for lane in await documents(one, "checkpoints") if "filled" in lane]
    return sum(lane["filled"] + lane.get("filling", {"read": 0})["read"] for lane in lanes)


async def test_a_rebuild_killed_again_and_again_goes_on_and_gives_the_same(
    installation: Installations,
) -> None:
    chance = random.Random(7)
    lines = sample(2)
    one = await made(installation, lines)
    live = one.start("project")
    await caught_up(one, len(lines))
    await live.stop()
    reached = 0
    for _ in range(3):
        rebuilding = one.start("rebuild", "--workers", "1", "--max-rate", "600")

        async def got_on(before: int = reached) -> bool:
            return await progress(one) > before

        await until(got_on, "progress of the rebuild")
        await asyncio.sleep(chance.uniform(0, 0.5))
        rebuilding.kill()
        reached = await progress(one)
        assert (await documents(one, "pointers"))[0]["served"] == 1
    await command(one, "rebuild", "--promote")
    assert [pointer["served"] for pointer in await documents(one, "pointers")] == [2]
    assert await views(one, 2) == await views(one, 1) == expected(lines)


@pytest.mark.parametrize("victim", ["rebuild", "worker"])
async def test_whoever_is_killed_while_a_generation_is_promoted(
    installation: Installations, victim: str
) -> None:
    """The served generation is at every moment the old one or the new one, and in the end equals the log."""
    chance = random.Random(victim)
    lines = sample()
    one = await made(installation, lines)
    live = one.start("project")
    await caught_up(one, len(lines))
    killed = one.start("rebuild", "--promote", "--workers", "1")
    await killed.says("live workers are to keep the generation")
    await asyncio.sleep(chance.uniform(0, 0.3))
    if victim == "rebuild":
        killed.kill()
    else:
        os.kill(worker_of(live), signal.SIGKILL)
        assert await ended(killed) == 0, killed.output()
    more = sample(first=1)
    await send(one, more)
    await caught_up(one, len(lines) + len(more))
    await command(one, "promote")
    [pointer] = await documents(one, "pointers")
    assert {pointer["served"], pointer["standby"]} == {1, 2}
    assert await views(one, 1) == await views(one, 2) == expected([*lines, *more])


async def test_a_second_rebuild_helps_the_first(installation: Installations) -> None:
    """Both are to have it served: who comes second leaves it so."""
    lines = sample(2)
    one = await made(installation, lines)
    live = one.start("project")
    await caught_up(one, len(lines))
    # Slow, so that it is not done before the other has begun.
    first = one.start("rebuild", "--promote", "--workers", "1", "--max-rate", "200")
    await first.says("filling a lane")
    both = [first, one.start("rebuild", "--promote", "--workers", "1")]
    assert [await ended(rebuilding) for rebuilding in both] == [0, 0], both[1].output()
    assert await views(one, 2) == await views(one, 1) == expected(lines)
    states = {record["_id"]: record["state"] for record in await documents(one, "generations")}
    assert states == {1: "standby", 2: "served"}
    assert live.alive()


async def test_a_rebuild_ends_soon_when_it_is_told_to(installation: Installations) -> None:
    lines = sample(2)
    one = await made(installation, lines)
    rebuilding = one.start("rebuild", "--max-rate", "50")
    await rebuilding.says("filling a lane")
    assert await asyncio.wait_for(rebuilding.stop(), 60) == 1
    assert "stopped before the end" in rebuilding.output()
