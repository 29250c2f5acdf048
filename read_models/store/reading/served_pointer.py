"""Pointer to the served generation, and up to when each lane was read.

Asked twice a second, so that no request pays for it. What it says of freshness is older than the documents read after
it, never newer: `as_of` never promises too much.
"""

import asyncio
from datetime import UTC, datetime

import structlog

from events.topics import Topics
from read_models.store import checkpoints
from read_models.store.generations.repository import Generations
from read_models.store.mongo import Database, StoreUnavailable, translate_errors
from read_models.store.quarantine.dead_letters import DeadLetters

log = structlog.get_logger()

POLL_SECONDS = 0.5
EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class ServedPointer:
    """The last answer of the control documents, for one version of the read models."""

    def __init__(
        self, database: Database, generations: Generations, dead_letters: DeadLetters, version: int
    ) -> None:
        """Knows nothing until `refresh`."""
        self.served: int | None = None
        """The generation that is served, None when there is none of this version."""
        self._database = database
        self._generations = generations
        self._dead_letters = dead_letters
        self._version = version
        self._level_at: dict[int, datetime] = {}
        self._held_since: dict[str, datetime] = {}
        self._topics = Topics("", 1)

    async def refresh(self) -> None:
        """Ask anew; raise `StoreUnavailable` when MongoDB does not answer."""
        pointer = await self._generations.pointer(self._version)
        if pointer is None or (served := pointer.served) is None:
            self.served = None
            return
        with translate_errors():
            lanes = self._database[checkpoints.COLLECTION].find(
                {"generation": served}, {"lane": 1, "level_at": 1}
            )
            level = {found["lane"]: found["level_at"] or EPOCH for found in await lanes.to_list(None)}
        self._held_since = await self._dead_letters.held_since(served)
        self._topics = Topics("", max(len(level), 1))
        self._level_at = level
        self.served = served

    async def poll(self) -> None:
        """Refresh for ever; while MongoDB is away what was known last stays, and grows old."""
        while True:
            try:
                await self.refresh()
            except StoreUnavailable as error:
                log.warning("MongoDB does not answer", error=str(error))
            await asyncio.sleep(POLL_SECONDS)

    def fresh_as_of(self, key: str) -> datetime:
        """Up to when the log of a customer (`biz/cus`) was read; since when the customer is held, if so.

        See docs/contracts/views.md.
        """
        if key in self._held_since:
            return self._held_since[key]
        return self._level_at.get(self._topics.partition(key.encode()), EPOCH)
