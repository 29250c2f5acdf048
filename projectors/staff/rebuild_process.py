"""A rebuild that operators start from here: the command itself, as a child of the service.

It ends with the service and not with the request; a rebuild that was ended is gone on with by the next one, wherever
that is started.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from read_models.store import OperationRefused

logger = structlog.get_logger(__name__)

STOP_S: Final = 8.0
"""How long a rebuild that was told to stop may take."""


class RebuildProcess:
    """At most one at a time; `stop` it."""

    def __init__(self, command: Sequence[str]) -> None:
        """`command` is `portal rebuild`."""
        self._command = command
        self._running: asyncio.subprocess.Process | None = None
        self._watching: asyncio.Task[None] | None = None
        self._starting = asyncio.Lock()
        self.ended_with: int | None = None
        """The exit status of the last one that was started here."""

    @property
    def runs(self) -> bool:
        """True while a rebuild that was started here runs."""
        return self._running is not None and self._running.returncode is None

    def require_none(self) -> None:
        """Raise OperationRefused while one runs."""
        if self.runs:
            raise OperationRefused("a rebuild that was started here is running: wait for its end")

    async def start(self, options: Sequence[str]) -> None:
        """Start one; raise OperationRefused while another runs. It says on stderr, in the service's log, what it
        does."""
        async with self._starting:
            self.require_none()
            self.ended_with = None
            self._running = await asyncio.create_subprocess_exec(
                *self._command,
                *options,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
            )
        logger.info("rebuild started", pid=self._running.pid, options=list(options))
        self._watching = asyncio.create_task(self._watch(self._running))

    async def stop(self) -> None:
        """End it, if one runs."""
        if (process := self._running) is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
        if self._watching is not None:
            await self._watching

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        self.ended_with = await process.wait()
        logger.log(20 if self.ended_with == 0 else 40, "rebuild ended", status=self.ended_with)
