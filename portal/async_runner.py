"""Runs a command's coroutine until it ends or the process is told to."""

import asyncio
import os
import signal
from collections.abc import Coroutine
from typing import Any, Final

import uvloop

from portal.errors import CommandError

SHUTDOWN_TIMEOUT_S: Final = 15.0
"""Time for a command to clean up after a signal; then the process exits. docs/contracts/api.md promises 20 s."""


def run(main: Coroutine[Any, Any, None], *, endless: bool = False) -> bool:
    """Run *main* until it returns or a signal cancels it; return False if SIGTERM or Ctrl-C did.

    An endless command ends normally by a signal; any other one raises CommandError then.
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
            # Ignore further signals: a second one must not interrupt the clean-up.
            loop.add_signal_handler(number, lambda: None)
        task.cancel()
        # A call that cannot be cancelled must not delay the exit for ever.
        loop.call_later(SHUTDOWN_TIMEOUT_S, os._exit, 1)

    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop)
    await task
