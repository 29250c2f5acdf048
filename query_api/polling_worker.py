"""Work that waits in the database, looked for a few times a second by every process: mails, facts for the log."""

import asyncio
import random
from abc import ABC, abstractmethod
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

import structlog

from read_models.store import StoreUnavailable

log = structlog.get_logger(__name__)

MAILS_LOOKED_FOR_EVERY_SECONDS = 0.2
MAILS_AT_ONCE = 4

STOP_WITHIN_SECONDS = 10.0
"""What mails under way are given to be sent when the process ends."""


class PollingWorker(ABC):
    """Does one piece of work after the other, several side by side."""

    def __init__(
        self,
        work: str = "mail",
        at_once: int = MAILS_AT_ONCE,
        look_every_s: float = MAILS_LOOKED_FOR_EVERY_SECONDS,
    ) -> None:
        """`work` is its name in the log."""
        self._name = work
        self._at_once = at_once
        self._look_every_s = look_every_s
        self._stopping = False
        self._wakes = 0
        self._woken = asyncio.Event()
        self._idle = asyncio.Lock()
        """Whoever found nothing looks again for all: of those that wait, one asks the database."""

    @abstractmethod
    async def process_next(self) -> bool:
        """Deals with what has been due for longest; False when nothing is."""

    async def run(self) -> None:
        """Deals with work as it becomes due, until `stop`."""
        async with asyncio.TaskGroup() as group:
            for _ in range(self._at_once):
                group.create_task(self._work())

    def wake(self) -> None:
        """There is something to do: everybody who has nothing looks."""
        self._wakes += 1
        self._woken.set()

    def stop(self) -> None:
        """Let what is under way be finished and begin nothing else."""
        self._stopping = True
        self.wake()

    async def _work(self) -> None:
        while not self._stopping:
            wakes = self._wakes
            try:
                found = await self.process_next()
            except StoreUnavailable:
                found = False
            except Exception:
                # One piece's trouble is not the others': it is due again when its claim has run out.
                log.exception(f"{self._name}.failed")
                found = False
            if not found:
                async with self._idle:
                    if wakes == self._wakes:
                        await self._pause()

    async def _pause(self) -> None:
        self._woken.clear()
        with suppress(TimeoutError):
            async with asyncio.timeout(self._look_every_s * random.uniform(0.5, 1.5)):  # noqa: S311 -- spreads, hides nothing
                await self._woken.wait()


@asynccontextmanager
async def delivering(mailer: PollingWorker) -> AsyncIterator[None]:
    """Run a mailer; at the end, mails under way are given the time to be sent."""
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
