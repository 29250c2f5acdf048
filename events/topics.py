"""Topics, what each holds, and the partition a key belongs to (docs/contracts/events.md, Topics)."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

from aiokafka.partitioner import murmur2

ENTITIES: Final[Mapping[str, str]] = {
    "business": "businesses",
    "customer": "customers",
    "visit": "visits",
    "proof": "proofs",
    "proof_pack": "proofs",
    "invoice": "invoices",
    "payment": "payments",
    "subscription": "subscriptions",
    "contract": "contracts",
}
"""Entity kind (the second part of an event's type) -> the topic its events are on, without prefix."""

BUSINESSES: Final = "businesses"
"""The one topic whose events belong to no customer."""

DEFAULT_PARTITIONS: Final = 12
MAX_RECORD_BYTES: Final = 1024 * 1024
"""What a record may have; more is malformed."""
MAX_MESSAGE_BYTES: Final = 4 * 1024 * 1024
"""`max.message.bytes` of the topics: more than a record may have, so that larger ones get quarantined."""


@lru_cache(maxsize=100_000)
def _hash(key: bytes) -> int:
    value: int = murmur2(key)
    return value & 0x7FFFFFFF


@dataclass(frozen=True, slots=True)
class Topics:
    """The topics of one installation: of one partition count, so that a key has the same number on each."""

    prefix: str
    """What comes before each name, dot included, e.g. `servicehub.`"""
    partitions: int
    """Partitions of each topic; never changes in the life of an installation."""
    unprefixed_by_name: Mapping[str, str] = field(init=False, repr=False, compare=False)
    """Full name -> name without prefix."""

    def __post_init__(self) -> None:
        if self.partitions < 1:
            raise ValueError("a topic has at least one partition")
        object.__setattr__(
            self,
            "unprefixed_by_name",
            {self.prefix + name: name for name in dict.fromkeys(ENTITIES.values())},
        )

    @property
    def names(self) -> tuple[str, ...]:
        """Full names of all eight topics."""
        return tuple(self.unprefixed_by_name)

    def name(self, short: str) -> str:
        """Full name of `visits`, `proofs` …; ValueError when there is no such topic."""
        full = self.prefix + short
        if full not in self.unprefixed_by_name:
            raise ValueError(f"there is no topic {short!r}")
        return full

    def of_type(self, event_type: str) -> str:
        """Full name of the topic events of this type go to; ValueError when its entity is unknown."""
        parts = event_type.split(".")
        if len(parts) < 2 or parts[1] not in ENTITIES:
            raise ValueError("the event type names no known entity")
        return self.name(ENTITIES[parts[1]])

    def partition(self, key: bytes) -> int:
        """Return the partition of a key as Kafka's default partitioner chooses it (murmur2)."""
        return _hash(key) % self.partitions
