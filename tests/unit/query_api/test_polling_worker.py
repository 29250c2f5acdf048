"""Work that waits: dealt with side by side as soon as it is told of, and looked for seldom while there is none."""

import asyncio

from query_api.polling_worker import PollingWorker

AT_ONCE = 4


class Work(PollingWorker):
    """Pieces that take until all that may be done side by side is under way."""

    def __init__(self, look_every_s: float) -> None:
        super().__init__("work", AT_ONCE, look_every_s)
        self.waiting, self.looks, self.left = 0, 0, 0
        self.idle, self.finished = asyncio.Event(), asyncio.Event()
        self._together = asyncio.Barrier(AT_ONCE)

    async def process_next(self) -> bool:
        """Takes one."""
        self.looks += 1
        if self.looks == AT_ONCE:
            self.idle.set()
        if not self.waiting:
            return False
        self.waiting -= 1
        await self._together.wait()
        self.left -= 1
        if not self.left:
            self.finished.set()
        return True


async def test_what_it_is_woken_for_is_done_side_by_side() -> None:
    """Although it would look by itself in an hour only."""
    work = Work(look_every_s=3600)
    running = asyncio.create_task(work.run())
    async with asyncio.timeout(30):
        await work.idle.wait()
        work.waiting = work.left = 2 * AT_ONCE
        work.wake()
        await work.finished.wait()
        work.stop()
        await running


async def test_without_work_one_looks_for_all() -> None:
    work = Work(look_every_s=0.02)
    running = asyncio.create_task(work.run())
    while work.looks < 5 * AT_ONCE:
        before, looks = asyncio.get_running_loop().time(), work.looks
        await asyncio.sleep(0.1)
        took = asyncio.get_running_loop().time() - before
        assert work.looks - looks <= AT_ONCE + took / 0.01
    work.stop()
    async with asyncio.timeout(30):
        await running
