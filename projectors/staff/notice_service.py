"""Notices for operators: colliding claims, files that do not match their events, topics with retention.

See docs/contracts/api.md.
"""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final, Literal

from projectors.installation import Installation
from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.retention_check import FIX_HINT, topics_with_retention
from read_models.store import ReadModelStore
from read_models.store.operational import Notice, Notices

LOOK_EVERY_S: Final = 30.0
"""So seldom topics are asked how long they are kept, and businesses what they claim."""
MOST: Final = 500
CLAIMS: Final[tuple[tuple[str, Literal["slug", "portal_host"]], ...]] = (
    ("slug claimed twice", "slug"),
    ("host claimed twice", "portal_host"),
)


class NoticeService:
    """The notices: those that are kept, and those that are looked for now and then."""

    def __init__(
        self, installation: Installation, store: ReadModelStore, kept: Notices, clock: Callable[[], datetime]
    ) -> None:
        self._installation = installation
        self._store = store
        self._kept = kept
        self._clock = clock
        self._alone = asyncio.Lock()
        self._looked: tuple[float, list[Notice]] | None = None
        self._since: dict[str, datetime] = {}
        """When a topic was first seen to forget, by name."""

    async def all(self) -> list[Notice]:
        """Return all there are, the latest first; raises StoreUnavailable."""
        kept = await self._kept.latest(MOST)
        async with self._alone:
            if self._looked is None or time.monotonic() - self._looked[0] > LOOK_EVERY_S:
                found = await self._claims() + await self._topics()
                self._looked = time.monotonic(), found
            found = self._looked[1]
        return sorted([*kept, *found], key=lambda one: one.at, reverse=True)

    async def _claims(self) -> list[Notice]:
        pointer = await self._store.generations.pointer(self._store.version)
        if pointer is None or pointer.served is None:
            return []
        views = self._store.views(pointer.served)
        return [
            Notice(
                kind,
                rival["business"],
                rival["claimed"],
                datetime.fromisoformat(rival["at"]),
                f"{owner['business']} claimed it earlier and has it; {rival['business']} is not reached by it",
            )
            for kind, claimed in CLAIMS
            for owner, *others in await views.conflicting_claims(claimed)
            for rival in others
            if not rival["closed"]
        ]

    async def _topics(self) -> list[Notice]:
        try:
            found = await topics_with_retention(self._installation.kafka, self._installation.topic_prefix)
        except KafkaUnavailable:
            return []
        self._since = {name: self._since.get(name, self._clock()) for name in found}
        return [
            Notice("topic not kept for ever", "", name, self._since[name], f"{said}: {FIX_HINT}")
            for name, said in found.items()
        ]
