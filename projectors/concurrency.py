"""Works that go on together, and end together."""

import asyncio
from collections.abc import Coroutine
from typing import Any, Final

RECANCEL_INTERVAL_S: Final = 5.0
"""Long enough for cleaning up, which a second cancellation would cut short."""


async def run_until_first_exits(*works: Coroutine[Any, Any, None]) -> None:
    """Run until one ends or raise, or until cancelled; then end the others."""
    tasks = {asyncio.ensure_future(one) for one in works}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await cancel_and_wait(*tasks)
    for task in done:
        task.result()


async def cancel_and_wait(*tasks: asyncio.Future[Any]) -> None:
    """Cancel and wait until all have ended, however they do.

    Those that go on are told again: aiokafka's clients swallow a cancellation that comes while they close.
    """
    while going := {task for task in tasks if not task.done()}:
        for task in going:
            task.cancel()
        await asyncio.wait(going, timeout=RECANCEL_INTERVAL_S)
    await asyncio.gather(*tasks, return_exceptions=True)
