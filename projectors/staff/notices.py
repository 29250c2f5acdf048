"""What operators are to see to: claims that collide, files that are not as said, topics that forget (API.md)."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Any, Final, Literal

from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from events.topics import Topics
from projectors.installation import Installation
from projectors.kafka import KafkaAway, admin
from read_models.store import Store
from read_models.store.records import Notice, Notices

LOOK_EVERY_S: Final = 30.0
"""So seldom topics are asked how long they are kept, and businesses what they claim."""
MOST: Final = 500
FOR_EVER: Final = {"cleanup.policy": "delete", "retention.ms": "-1", "retention.bytes": "-1"}
"""As `portal topics create` makes them (EVENTS.md, "Topics")."""
CLAIMS: Final[tuple[tuple[str, Literal["slug", "portal_host"]], ...]] = (
    ("slug claimed twice", "slug"),
    ("host claimed twice", "portal_host"),
)


class Seen:
    """The notices: those that are kept, and those that are looked for now and then."""

    def __init__(
        self, installation: Installation, store: Store, kept: Notices, clock: Callable[[], datetime]
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
        """All there are, the latest first; raises Unavailable."""
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
            for owner, *others in await views.rivals(claimed)
            for rival in others
            if not rival["closed"]
        ]

    async def _topics(self) -> list[Notice]:
        try:
            configs = await configs_of(self._installation)
        except KafkaAway:
            return []
        forgetting = {name: said for name, config in configs.items() if (said := forgets(config))}
        self._since = {name: self._since.get(name, self._clock()) for name in forgetting}
        return [
            Notice(
                "topic not kept for ever", "", name, self._since[name], f"{said}: make it -1, cleanup delete"
            )
            for name, said in forgetting.items()
        ]


def forgets(config: dict[str, str]) -> str:
    """By which settings a topic forgets; "" when it is kept for ever."""
    wrong = [name for name, value in FOR_EVER.items() if config.get(name, value) != value]
    return ", ".join(f"{name} is {config[name]}" for name in wrong)


async def configs_of(installation: Installation) -> dict[str, dict[str, str]]:
    """The settings of the installation's topics, by name; raises KafkaAway."""
    names = Topics(installation.topic_prefix, 1).names
    async with admin(installation.kafka) as client:
        answers = await client.describe_configs(
            [ConfigResource(ConfigResourceType.TOPIC, name) for name in names]
        )
    resources: list[Any] = [one for answer in answers for one in answer.resources]
    return {
        resource[3]: {entry[0]: entry[1] for entry in resource[4]}
        for resource in resources
        if not resource[0]
    }
