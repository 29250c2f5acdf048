"""Works that go on together, and end together."""

import asyncio
from collections.abc import Coroutine
from typing import Any


async def first(*works: Coroutine[Any, Any, None]) -> None:
    """Run until one ends or raises, or until cancelled; then end the others."""
    tasks = {asyncio.ensure_future(one) for one in works}
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.wait(tasks)
    for task in done:
        task.result()
