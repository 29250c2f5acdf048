"""Ends a coroutine at any await of its choosing, as a process that is told to stop, or is killed, ends."""

import asyncio
import types
from collections.abc import Coroutine, Generator
from typing import Any


@types.coroutine
def cut(coroutine: Coroutine[Any, Any, Any], at: int) -> Generator[Any, Any, bool]:
    """Cancels a coroutine at its `at`-th await, and waits until it has ended; False when it ended before."""
    awaits, going_on = 0, coroutine.send
    what: Any = None
    while True:
        try:
            future = going_on(what)
        except StopIteration:
            return awaits >= at
        except asyncio.CancelledError:
            return True
        awaits, going_on, what = awaits + 1, coroutine.send, None
        if awaits == at:
            if future is None:
                going_on, what = coroutine.throw, asyncio.CancelledError()
                continue
            future.cancel()
        try:
            yield future
        except asyncio.CancelledError as error:
            going_on, what = coroutine.throw, error
