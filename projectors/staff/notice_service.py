"""Notices for operators: conflicting claims, unusable files, topics with a retention limit (docs/contracts/api.md)."""

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

CHECK_INTERVAL_S: Final = 30.0
"""Interval at which topic retention and the claims of businesses are checked."""
MAX_NOTICES: Final = 500
CLAIMS: Final[tuple[tuple[str, Literal["slug", "portal_host"]], ...]] = (
    ("slug claimed twice", "slug"),
    ("host claimed twice", "portal_host"),
)


class NoticeService:
    """Notices for operators: stored ones, and ones found by periodic checks."""

    def __init__(
        self, installation: Installation, store: ReadModelStore, kept: Notices, clock: Callable[[], datetime]
    ) -> None:
        self._installation = installation
        self._store = store
        self._kept = kept
        self._clock = clock
        self._check_lock = asyncio.Lock()
        self._checked: tuple[float, list[Notice]] | None = None
        self._since: dict[str, datetime] = {}
        """Time at which a topic was first seen with a retention limit, by name."""

    async def all(self) -> list[Notice]:
        """Return all there are, the latest first; raises StoreUnavailable."""
        kept = await self._kept.latest(MAX_NOTICES)
        async with self._check_lock:
            if self._checked is None or time.monotonic() - self._checked[0] > CHECK_INTERVAL_S:
                found = await self._claims() + await self._topics()
                self._checked = time.monotonic(), found
            found = self._checked[1]
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
            Notice("topic not kept for ever", "", name, self._since[name], f"{limit}: {FIX_HINT}")
            for name, limit in found.items()
        ]
