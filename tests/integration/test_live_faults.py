"""The live worker when things break: each ends with the documents of the undisturbed run, and with lag 0."""

import asyncio
import os
import random
import signal
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial

from local_stack.stack import Stack
from projectors.live.consumer_group import SESSION_S
from tests.harness.portal_installation import Installation, Installations, Process, until
from tests.integration.harness.live_worker import (
    checkpoints,
    expected,
    four_lanes,
    lanes_held,
    level,
    publish,
    sample,
    send,
    stored,
    worker_of,
)
from tests.support.soak import of_run

GOES_ON_S = 3 * 5.0
"""Three times as long as a worker started again may take to go on, as for all deadlines in tests."""
TAKES_OVER_S = 3 * (SESSION_S + 5.0)
"""The same for another worker, which is given the lanes when the session of the first is over."""
KILLS, EVENTS = of_run(soak=(20, 10_000), check=(6, 3_000))


async def test_a_worker_killed_again_and_again(installation: Installations) -> None:
    """Killed at random moments, in the middle of transactions too, it is started again and loses nothing."""
    one, lines = await four_lanes(installation), sample(EVENTS // 939)
    chance = random.Random(7)
    project = one.start("project")
    await project.says("lanes taken over")
    each = len(lines) // KILLS
    for kill in range(KILLS):
        await send(one, lines[kill * each : (kill + 1) * each])
        await asyncio.sleep(chance.random() / 4)
        killed = worker_of(project)
        os.kill(killed, signal.SIGKILL)
        await until(partial(_another_works, project, killed), "the next worker", GOES_ON_S)
    await send(one, lines[KILLS * each :])
    await level(one, len(lines))
    assert await stored(one) == expected(lines)


async def test_another_takes_the_lanes_of_a_worker_that_is_gone(installation: Installations) -> None:
    """A whole `portal project` is killed: once its session is over, another has its lanes."""
    one, lines = await four_lanes(installation), sample()
    gone, other = one.start("project"), one.start("project")
    await until(lambda: len(lanes_held(gone)) == len(lanes_held(other)) == 2, "workers that share")
    await publish(one, lines)
    gone.kill()
    await until(lambda: len(lanes_held(other)) == 4, "the other worker with all lanes", TAKES_OVER_S)
    await publish(one, more := sample(first=1))
    await level(one, len(lines + more))
    assert await stored(one) == expected(lines + more)


async def test_a_worker_that_slept_while_its_lanes_were_given_away(installation: Installations) -> None:
    """Frozen in the middle of its work and thawed, it writes nothing of what is another's, and goes on with it."""
    one, lines = await four_lanes(installation), sample(3)
    frozen, other = one.start("project"), one.start("project")
    await until(lambda: len(lanes_held(frozen)) == len(lanes_held(other)) == 2, "workers that share")
    publishing = asyncio.ensure_future(publish(one, lines))
    await until(partial(_begun, one), "the first of it in the views")
    os.killpg(frozen.pid, signal.SIGSTOP)
    await publishing
    await until(lambda: len(lanes_held(other)) == 4, "the other worker with all lanes", TAKES_OVER_S)
    await level(one, len(lines))
    os.killpg(frozen.pid, signal.SIGCONT)
    await until(lambda: len(lanes_held(frozen)) == len(lanes_held(other)) == 2, "workers that share again")
    await publish(one, more := sample(first=3))
    await level(one, len(lines + more))
    assert await stored(one) == expected(lines + more)


async def test_a_worker_that_hangs_is_ended(installation: Installations) -> None:
    """A worker that gives no sign of life is killed by the one that watches it, and another started."""
    one, lines = await four_lanes(installation), sample()
    project = one.start("project")
    await project.says("lanes taken over")
    os.kill(worker_of(project), signal.SIGSTOP)
    await project.says("worker hangs")
    await publish(one, lines)
    await level(one, len(lines))
    assert await stored(one) == expected(lines)


async def test_the_broker_killed_and_restarted(installation: Installations, stack: Stack) -> None:
    """What is published before and after is applied, without anybody's help."""
    one, lines, more = await four_lanes(installation), sample(2), sample(first=2)
    project = one.start("project")
    await project.says("lanes taken over")
    await publish(one, lines)
    async with _away(stack, "kafka"):
        assert (await one.run("lag", "--json")).returncode == 1
    await publish(one, more)
    await level(one, len(lines + more))
    assert await stored(one) == expected(lines + more)
    assert project.alive()


async def test_the_database_killed_and_restarted(installation: Installations, stack: Stack) -> None:
    """What is published while it is away waits, and is applied when it is back."""
    one, lines, more = await four_lanes(installation), sample(2), sample(first=2)
    project = one.start("project")
    await project.says("lanes taken over")
    publishing = asyncio.ensure_future(publish(one, lines))
    await until(partial(_begun, one), "the first of it in the views")
    async with _away(stack, "mongo"):
        await publishing
        await publish(one, more)
        unknown = await one.run("lag", "--json")
        assert (unknown.returncode, '"state":"unknown"' in unknown.stdout) == (1, True)
    await level(one, len(lines + more))
    assert await stored(one) == expected(lines + more)


async def test_a_worker_ends_with_the_one_that_watches_it(installation: Installations) -> None:
    """Where only the watching process is killed, its worker does not go on unwatched."""
    one = await four_lanes(installation)
    project = one.start("project")
    await project.says("lanes taken over")
    worker = worker_of(project)
    project.signal(signal.SIGKILL)
    await until(lambda: not _runs(worker), "the end of the worker")


async def _begun(one: Installation) -> bool:
    return any(lane["offsets"] for lane in await checkpoints(one))


def _another_works(project: Process, killed: int) -> bool:
    return worker_of(project) != killed and len(lanes_held(project)) == 4


@asynccontextmanager
async def _away(stack: Stack, server: str) -> AsyncIterator[None]:
    """Without a server; it is back at the end, whatever happens."""
    stack.kill(server)
    try:
        yield
    finally:
        stack.restart(server)


def _runs(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return False
    return True
