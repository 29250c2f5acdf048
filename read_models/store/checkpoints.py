"""Checkpoints: how far a lane's log is applied in a generation, written in the transaction that writes its views.

One document per generation and lane, made with its generation: `{_id: "<generation>/<lane>", generation, lane, offsets
{topic without prefix: offset of the next record}, revision, session, applied_at, level_at, counts}`, and `begins`, the
offsets at which the log began, where it was made from a log that does not begin at 0. Every transaction that writes a
document of the lane compares `revision` and adds 1 (docs/architecture.md, Decision 1).
"""

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, NamedTuple

from pymongo import UpdateOne

from read_models.documents import Doc

COLLECTION = "checkpoints"
NOT_OF_WRITERS = frozenset({"_id", "counts", "filling", "filled"})
"""Kept of it otherwise, or not at all: for `filling` and `filled` see `read_models.store.generations.fill_claims`."""


@dataclass
class Checkpoint:
    """A lane's checkpoint as a writer knows it."""

    generation: int
    lane: int
    offsets: dict[str, int]
    """By topic without prefix: of the next record to apply; 0 where there is none."""
    revision: int
    session: bytes | None
    """The lsid of the session whose transactions write the lane."""
    applied_at: datetime | None
    level_at: datetime | None
    """Up to when the lane's log is known to be applied whole."""
    counts: Counter[str] = field(default_factory=Counter)
    begins: Mapping[str, int] = field(default_factory=dict)
    """By topic without prefix, where it is not 0: the offset of the first record that was there to be applied."""

    @classmethod
    def of(cls, document: Doc) -> "Checkpoint":
        """Return the checkpoint of a stored document."""
        values = {name: document[name] for name in document if name not in NOT_OF_WRITERS}
        return cls(**values, counts=Counter(document["counts"]))

    @property
    def id(self) -> str:
        """Its `_id`."""
        return checkpoint_id(self.generation, self.lane)


def checkpoint_id(generation: int, lane: int) -> str:
    """Return the `_id` of a lane's checkpoint in a generation."""
    return f"{generation}/{lane}"


def blank(generation: int, lane: int) -> Doc:
    """Return the checkpoint of a lane of which nothing was applied."""
    return {
        "_id": checkpoint_id(generation, lane),
        "generation": generation,
        "lane": lane,
        "offsets": {},
        "revision": 0,
        "session": None,
        "applied_at": None,
        "level_at": None,
        "counts": {},
    }


class CheckpointUpdate(NamedTuple):
    """Update of a lane by a batch: offsets reached, caught-up time, and counters."""

    offsets: Mapping[str, int]
    level_at: datetime | None
    counts: Mapping[str, int]


def compare_and_set_updates(
    checkpoints: Iterable[Checkpoint], steps: Mapping[int, CheckpointUpdate], session: bytes, now: datetime
) -> list[UpdateOne]:
    """Return the compares that a transaction begins with: each matches only the revision that the writer knows."""
    operations = []
    for known in checkpoints:
        step = steps[known.lane]
        fields: dict[str, Any] = {f"offsets.{topic}": offset for topic, offset in step.offsets.items()}
        if fields:  # who only takes a lane over applies nothing
            fields["applied_at"] = now
        change: dict[str, Any] = {"$set": fields | {"session": session}}
        change["$inc"] = {f"counts.{name}": number for name, number in step.counts.items() if number}
        change["$inc"]["revision"] = 1
        if step.level_at is not None:
            change["$max"] = {"level_at": step.level_at}
        operations.append(UpdateOne({"_id": known.id, "revision": known.revision}, change))
    return operations
