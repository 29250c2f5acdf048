"""Child process that runs `portal rebuild` for the staff surface.

It ends with the service, not with the request that started it. The next rebuild, wherever it is started, resumes an
interrupted one.
"""

import asyncio
from collections.abc import Sequence
from typing import Final

import structlog

from read_models.store import OperationRefused

logger = structlog.get_logger(__name__)

STOP_TIMEOUT_S: Final = 8.0
"""Time a rebuild gets to end after SIGTERM."""


class RebuildProcess:
    """Runs `portal rebuild` as a child process, at most one at a time; `stop` it at shutdown."""

    def __init__(self, command: Sequence[str]) -> None:
        """`command` is `portal rebuild`."""
        self._command = command
        self._process: asyncio.subprocess.Process | None = None
        self._watch_task: asyncio.Task[None] | None = None
        self._start_lock = asyncio.Lock()
        self.exit_status: int | None = None
        """Exit status of the last rebuild started here; None while it runs."""

    @property
    def is_running(self) -> bool:
        """True while a rebuild that was started here runs."""
        return self._process is not None and self._process.returncode is None

    def require_idle(self) -> None:
        """Raise OperationRefused while one runs."""
        if self.is_running:
            raise OperationRefused("a rebuild that was started here is running: wait for its end")

    async def start(self, options: Sequence[str]) -> None:
        """Start one; raise OperationRefused while another runs. It says on stderr, in the service's log, what it
        does."""
        async with self._start_lock:
            self.require_idle()
            self.exit_status = None
            self._process = await asyncio.create_subprocess_exec(
                *self._command,
                *options,
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.DEVNULL,
            )
        logger.info("rebuild started", pid=self._process.pid, options=list(options))
        self._watch_task = asyncio.create_task(self._watch(self._process))

    async def stop(self) -> None:
        """End it, if one runs."""
        if (process := self._process) is not None and process.returncode is None:
            process.terminate()
            try:
                await asyncio.wait_for(process.wait(), STOP_TIMEOUT_S)
            except TimeoutError:
                process.kill()
        if self._watch_task is not None:
            await self._watch_task

    async def _watch(self, process: asyncio.subprocess.Process) -> None:
        self.exit_status = await process.wait()
        logger.log(20 if self.exit_status == 0 else 40, "rebuild ended", status=self.exit_status)
