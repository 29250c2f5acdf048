"""Watches a worker process: starts it again after a crash or a hang, ends when a new start would not help.

The worker writes a byte to a pipe every `HEARTBEAT_INTERVAL_S`. It is a child in the same process group, and gone
soon after its supervisor is, as nobody reads the pipe then.
"""

import asyncio
import os
import signal
import time
from collections.abc import Sequence
from typing import Final

import structlog

logger = structlog.get_logger(__name__)

HEARTBEAT_INTERVAL_S: Final = 1.0
HEARTBEAT_TIMEOUT_S: Final = 20.0
"""Without a beat for so long a worker hangs (or is frozen)."""
STARTING_S: Final = 120.0
"""How long the first beat may take, on a machine that does much else."""
STOP_S: Final = 12.0
"""How long a worker that was told to stop may take."""
FIRST_PAUSE_S: Final = 0.2
LONGEST_PAUSE_S: Final = 30.0
STEADY_S: Final = 10.0
"""A worker that lived for so long was well: what ends it is no reason to wait longer than the first time."""

EXIT_PERMANENT_FAILURE: Final = 3
"""Exit status of a worker that no new start would help; it has said why."""


class PermanentFailure(Exception):
    """The worker ended for a reason that starting it again does not change."""


class HeartbeatPipe:
    """The reading end of a worker's pipe."""

    def __init__(self) -> None:
        self._read, self.write = os.pipe()
        os.set_blocking(self._read, False)
        self._deadline = time.monotonic() + STARTING_S

    @property
    def missed(self) -> bool:
        """True when a heartbeat is overdue."""
        return time.monotonic() > self._deadline

    def __enter__(self) -> "HeartbeatPipe":
        asyncio.get_running_loop().add_reader(self._read, self._heard)
        return self

    def __exit__(self, *_: object) -> None:
        asyncio.get_running_loop().remove_reader(self._read)
        os.close(self._read)

    def _heard(self) -> None:
        if os.read(self._read, 1024):
            self._deadline = time.monotonic() + HEARTBEAT_TIMEOUT_S
        else:
            asyncio.get_running_loop().remove_reader(self._read)


async def supervise(command: Sequence[str]) -> None:
    """Keep a worker running until cancelled; `command` is given the number of the pipe's writing end.

    Raises PermanentFailure.
    """
    pause = FIRST_PAUSE_S
    while True:
        started = time.monotonic()
        status = await _run_once(command)
        if status == EXIT_PERMANENT_FAILURE:
            raise PermanentFailure
        if status < 0 or time.monotonic() - started > STEADY_S:
            # Killed from outside, or well for a while: not the beginning of a crash loop.
            pause = FIRST_PAUSE_S
        logger.error("worker ended", status=status, again_in_s=pause)
        await asyncio.sleep(pause)
        pause = min(2 * pause, LONGEST_PAUSE_S)


async def _run_once(command: Sequence[str]) -> int:
    with HeartbeatPipe() as beats:
        try:
            worker = await asyncio.create_subprocess_exec(
                *command, str(beats.write), stdin=asyncio.subprocess.DEVNULL, pass_fds=(beats.write,)
            )
        finally:
            os.close(beats.write)
        logger.info("worker started", pid=worker.pid)
        ended = asyncio.ensure_future(worker.wait())
        try:
            while not ended.done():
                await asyncio.wait({ended}, timeout=HEARTBEAT_INTERVAL_S)
                if not ended.done() and beats.missed:
                    logger.error("worker hangs", pid=worker.pid)
                    worker.kill()
                    await ended
            return ended.result()
        finally:
            if not ended.done():
                worker.send_signal(signal.SIGTERM)
                if not (await asyncio.wait({ended}, timeout=STOP_S))[0]:
                    worker.kill()
                    await ended


async def send_heartbeats(pipe: int) -> None:
    """Write a heartbeat every `HEARTBEAT_INTERVAL_S`; return when the supervisor is gone."""
    while True:
        try:
            os.write(pipe, b".")
        except BrokenPipeError:
            return
        await asyncio.sleep(HEARTBEAT_INTERVAL_S)
