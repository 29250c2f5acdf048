"""Runs a command's coroutine until it ends or the process is told to."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, Final

import uvloop

from portal.errors import CommandError

STOP_WITHIN_S: Final = 15.0
"""How long a command may take to end once told to; then it ends where it is. API.md promises 20 s."""


def run(main: Coroutine[Any, Any, None], *, endless: bool = False) -> bool:
    """Run to the end; SIGTERM and Ctrl-C cancel it. False when it was told to stop.

    Being told to stop is how an endless command ends well; any other then raises CommandError.
    """
    try:
        uvloop.run(_with_signal_handlers(main))
    except asyncio.CancelledError:
        if not endless:
            raise CommandError("stopped before the end") from None
        return False
    return True


async def _with_signal_handlers(main: Coroutine[Any, Any, None]) -> None:
    loop = asyncio.get_running_loop()
    task = asyncio.ensure_future(main)

    def stop() -> None:
        for number in (signal.SIGTERM, signal.SIGINT):
            # Once is enough: a second signal must not cut the cleaning up short.
            loop.add_signal_handler(number, lambda: None)
        task.cancel()
        # What does not let itself be cancelled, an answer that never comes say, does not hold up the end.
        loop.call_later(STOP_WITHIN_S, os._exit, 1)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await task
