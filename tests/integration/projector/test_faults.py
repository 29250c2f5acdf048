"""Whatever breaks on the write path, and whenever: in the end the documents are those of the whole log."""

import asyncio
import sys

import pytest

from local_stack.stack import Stack
from projectors.processing.projector import Projector
from read_models.store import ReadModelStore
from tests.integration.projector.fault_proxy import Fault, FaultProxy
from tests.integration.projector.harness import ENDS, LANES, SAMPLE, TOPICS, expected_documents, views


@pytest.mark.parametrize("late", [False, True], ids=["commands", "answers"])
async def test_any_command_of_a_batch_may_be_lost(
    store: ReadModelStore, wire: FaultProxy, *, late: bool
) -> None:
    """Once, which the driver may mend itself, and three times, which it does not; the answer of the commit too."""
    through = ReadModelStore(wire.url, store.database.name)
    applier = Projector(through, TOPICS)
    await applier.take_over(LANES)
    broken = set()
    plans = [Fault(after, times, late) for times in (1, 3) for after in range(6)]
    step = len(SAMPLE) // len(plans) + 1
    for number, planned in enumerate(plans):
        wire.plan(planned)
        await applier.apply(SAMPLE[number * step : (number + 1) * step])
        broken |= set(wire.commands[planned.after : planned.after + 1])
        assert wire.broken == planned.times
    assert broken >= {"find", "update", "commitTransaction"}
    assert await views(store) == expected_documents()
    wire.plan(None)
    assert await applier.take_over(LANES) == ENDS
    await applier.close()
    await through.close()


async def test_taking_over_goes_on_when_commands_are_lost(store: ReadModelStore, wire: FaultProxy) -> None:
    through = ReadModelStore(wire.url, store.database.name)
    for after in range(5):
        applier = Projector(through, TOPICS)
        wire.plan(Fault(after, 3, late=bool(after % 2)))
        await applier.take_over(LANES)
        assert wire.broken == 3
        await applier.apply(SAMPLE[after * 200 : (after + 1) * 200])
        wire.plan(None)
        await applier.close()
    assert await views(store) == expected_documents()
    await through.close()


@pytest.mark.parametrize("disturbed", [False, True])
async def test_cancelled_at_any_moment_it_goes_on_from_what_was_committed(
    store: ReadModelStore, *, disturbed: bool
) -> None:
    """Also while it gets over a compare that failed."""
    applier = Projector(store, TOPICS, batch_events=20)
    await applier.take_over(LANES)
    for step in range(25):
        if disturbed:
            await store.database["checkpoints"].update_many({}, {"$inc": {"revision": 1}})
        task = asyncio.create_task(applier.apply(SAMPLE))
        await asyncio.sleep(0.004 * step)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        if step % 4 == 3:
            await applier.drop_lanes()
            await applier.take_over(LANES)
    await applier.apply(SAMPLE)
    assert await views(store) == expected_documents()
    await applier.close()


async def test_a_worker_killed_inside_a_transaction_does_not_block_its_successor(
    store: ReadModelStore, stack: Stack
) -> None:
    """Its session, which the checkpoint names, is ended; here MongoDB itself would wait for longer than the test."""
    admin = store.database.client.admin
    url = stack.env["PORTAL_MONGO_URL"]
    await admin.command("setParameter", 1, transactionLifetimeLimitSeconds=600)
    try:
        arguments = "-m", "tests.integration.projector.killed_worker", url, store.database.name
        worker = await asyncio.create_subprocess_exec(
            sys.executable, *arguments, stdout=asyncio.subprocess.PIPE
        )
        assert worker.stdout
        assert await worker.stdout.readline() == b"inside\n"
        worker.kill()
        await worker.wait()
        successor = Projector(store, TOPICS)
        async with asyncio.timeout(120):
            offsets = await successor.take_over(LANES)
        assert sum(offsets.values()) == 300
        await successor.apply(SAMPLE)
        assert await views(store) == expected_documents()
        await successor.close()
    finally:
        await admin.command("setParameter", 1, transactionLifetimeLimitSeconds=10)
