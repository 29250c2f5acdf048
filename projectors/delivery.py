"""Faust's consumer, with less work for each record that it delivers.

Faust waits for the delivery of every record and at the same time for the signals that would make it give up, which
takes four tasks a record. Nearly always there is nothing to wait for.
"""

import inspect
from collections.abc import Coroutine, Generator
from typing import Any

from faust.transport.drivers import aiokafka
from mode.services import WaitResults


class _Begun:
    """The rest of a coroutine that waits for something."""

    def __init__(self, coroutine: Coroutine[Any, Any, Any], waits_for: Any) -> None:
        self._coroutine = coroutine
        self._waits_for = waits_for

    def __await__(self) -> Generator[Any, Any, Any]:
        yield self._waits_for
        return (yield from self._coroutine.__await__())


class Consumer(aiokafka.Consumer):
    """Delivers a record at once where its stream has room, as Faust does where it has not."""

    mundane_level = "debug"

    async def wait_first(
        self,
        *coros: Any,
        timeout: Any = None,  # noqa: ASYNC109 - as the method it replaces
    ) -> WaitResults:
        """See `mode.Service.wait_first`; a coroutine that comes first begins here, and often ends here."""
        first, *others = coros
        if not others or not inspect.iscoroutine(first):
            return await super().wait_first(*coros, timeout=timeout)
        try:
            waits_for = first.send(None)
        except StopIteration as end:
            for other in others:
                other.close()
            return WaitResults([first], [end.value], False)
        return await super().wait_first(_Begun(first, waits_for), *others, timeout=timeout)


class Transport(aiokafka.Transport):
    """Faust's transport, with that consumer."""

    Consumer = Consumer
