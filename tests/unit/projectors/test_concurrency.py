"""Works that go on together end together, also where one does not hear of it at once."""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import pytest

from projectors.concurrency import cancel_and_wait, run_until_first_exits


@pytest.fixture(autouse=True)
def told_again_soon(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("projectors.concurrency.RECANCEL_INTERVAL_S", 0.01)


async def forever() -> None:
    await asyncio.Event().wait()


async def deaf() -> None:
    """Goes on after its first cancellation, as if that had come while a client was closed."""
    try:
        await forever()
    except asyncio.CancelledError:
        await forever()


async def failing() -> None:
    await asyncio.sleep(0)
    raise LookupError


@pytest.mark.parametrize("other", [forever, deaf])
async def test_when_one_fails_all_end_and_its_error_comes(
    other: Callable[[], Coroutine[Any, Any, None]],
) -> None:
    ended = False

    async def work() -> None:
        nonlocal ended
        try:
            await other()
        finally:
            ended = True

    async with asyncio.timeout(30):
        with pytest.raises(LookupError):
            await run_until_first_exits(work(), failing())
    assert ended


async def test_what_does_not_hear_it_the_first_time_is_told_again() -> None:
    tasks = [asyncio.ensure_future(deaf()), asyncio.ensure_future(forever())]
    await asyncio.sleep(0)
    async with asyncio.timeout(30):
        await cancel_and_wait(*tasks)
    assert [task.cancelled() for task in tasks] == [True, True]


async def test_how_one_ended_is_not_raised_again() -> None:
    task = asyncio.ensure_future(failing())
    await cancel_and_wait(task)
    assert task.cancelled() or isinstance(task.exception(), LookupError)
