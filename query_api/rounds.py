"""Work that waits in the database, looked for a few times a second by every process: mails to be sent."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

import structlog

from read_models.store import Unavailable

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 0.2
AT_ONCE = 4
"""Mails that a process sends side by side."""

STOP_WITHIN_SECONDS = 10.0
"""What mails under way are given to be sent when the process ends."""


class Rounds(ABC):
    """Does one piece of work after the other, several side by side."""

    def __init__(self) -> None:
        self._stopping = asyncio.Event()
        self._idle = asyncio.Lock()
        """Whoever found nothing looks again for all: of those that wait, one asks the database."""

    @abstractmethod
    async def send_next(self) -> bool:
        """Deals with the mail that has been due for longest; False when none is."""

    async def run(self) -> None:
        """Sends mails as they become due, until `stop`."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    def stop(self) -> None:
        """Lets mails under way be finished and begins no others."""
        self._stopping.set()

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                found = await self.send_next()
            except Unavailable:
                found = False
            except Exception:
                # One mail's trouble is not the others': it is due again when its claim has run out.
                log.exception("mail.failed")
                found = False
            if not found:
                async with self._idle:
                    await self._pause(LOOK_EVERY_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 -- spreads, hides nothing

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return


@asynccontextmanager
async def delivering(mailer: Rounds) -> AsyncIterator[None]:
    """Runs a mailer; at the end, mails under way are given the time to be sent."""
    running = asyncio.create_task(mailer.run())
    try:
        yield
    finally:
        mailer.stop()
        try:
            async with asyncio.timeout(STOP_WITHIN_SECONDS):
                await running
        except TimeoutError:
            log.warning("mailer.cut_off")
