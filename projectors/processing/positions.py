"""Positions of the views in the logs of a worker's lanes: applied offsets per generation, next offset to fold."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from events.envelope import Record
from events.topics import Topics
from projectors.processing.batch_builder import DecodedRecord
from read_models.store import Checkpoints


class LanePositions:
    """Next offset to fold per lane and topic: starts at the checkpoints and advances with each folded record."""

    def __init__(self, topics: Topics) -> None:
        """Start without a lane."""
        self._topics = topics
        self.generations: tuple[int, ...] = ()
        """Those that are written, the served one first."""
        self.known: Checkpoints = {}
        self.lanes: frozenset[int] = frozenset()
        self._furthest: dict[tuple[int, str], int] = {}
        """The offsets that were reached when it began, in the generation that is furthest, by lane and topic."""
        self._wanted: dict[tuple[int, str], int] = {}
        """Offsets of the next records to fold, by lane and topic; ahead of the checkpoints while one is written."""
        self.is_apart = False
        """Whether the generations did not all hold the same when it began."""

    def reset(self, generations: tuple[int, ...], known: Checkpoints) -> None:
        """Stands where checkpoints say, which are those of all lanes in all these generations."""
        self.generations, self.known = generations, known
        self.lanes = frozenset(lane for _, lane in known)
        self._furthest = {}
        for one in known.values():
            for topic, offset in one.offsets.items():
                place = one.lane, topic
                self._furthest[place] = max(offset, self._furthest.get(place, 0))
        self._wanted = dict(self._furthest)
        self.is_apart = bool(self.apart())

    def clear(self) -> frozenset[int]:
        """Stands nowhere any more; the lanes that these were."""
        given, self.lanes, self.known = self.lanes, frozenset(), {}
        return given

    def positions(self, lanes: Collection[int]) -> dict[tuple[str, int], int]:
        """Return the offset of the next record to read of lanes, by full topic name and partition."""
        return {
            (name, lane): self._wanted.get((lane, short), 0)
            for lane in sorted(lanes)
            for name, short in self._topics.unprefixed_by_name.items()
        }

    def apart(self) -> dict[tuple[str, int], tuple[int, int]]:
        """Return the stretches of the log that not all generations hold: from one offset up to another, by
        partition."""
        stretches = {}
        for (lane, topic), furthest in self._furthest.items():
            least = min(
                known.offsets.get(topic, 0) for (_, of_lane), known in self.known.items() if of_lane == lane
            )
            if least < furthest:
                stretches[self._topics.name(topic), lane] = least, furthest
        return stretches

    def applied_in_any_generation(self, record: Record) -> bool:
        """Return whether a generation held a record when it began."""
        return record.offset < self._furthest.get(
            (record.partition, self._topics.unprefixed_by_name[record.topic]), 0
        )

    def filter_unapplied(self, reads: Sequence[DecodedRecord]) -> list[DecodedRecord]:
        """Return those that are to be folded, which they count as from now on.

        The others are redeliveries, or of lanes that were given up.
        """
        fresh = []
        for read in reads:
            place = read.record.partition, read.topic
            if place[0] in self.lanes and read.record.offset >= self._wanted.get(place, 0):
                self._wanted[place] = read.record.offset + 1
                fresh.append(read)
        return fresh


class LogEndOffsets:
    """End offsets of the lanes' logs, as of the last query."""

    def __init__(self) -> None:
        """Not asked yet."""
        self._ends: dict[int, dict[str, int]] = {}
        self._at: datetime | None = None

    def note(self, ends: Mapping[tuple[str, int], int], at: datetime, topics: Topics) -> None:
        """Take notice of the ends, by full topic name and partition, as asked at a moment."""
        self._at, self._ends = at, {}
        for (name, lane), end in ends.items():
            self._ends.setdefault(lane, {})[topics.unprefixed_by_name[name]] = end

    def level(self, lane: int, offsets: Mapping[str, int]) -> datetime | None:
        """Return the moment up to which a lane's log is applied whole where these offsets are reached, by topic.

        None where they were not its end.
        """
        ends = self._ends.get(lane)
        reached = ends is not None and all(offsets.get(topic, 0) >= end for topic, end in ends.items())
        return self._at if reached else None
