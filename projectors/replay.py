"""Some owners' documents made from the log anew, in memory: what `portal verify` compares with and a rebuild writes."""

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Final, NamedTuple

from events.envelope import Event, MalformedRecord, Record, decode
from events.topics import Topics
from projectors.kafka.log_reader import LogReader
from projectors.kafka.records import record_of
from projectors.processing.batch_builder import describe_error
from read_models.in_memory import InMemoryProjection
from read_models.store import LogPosition, UnreadableRecord

BATCH_EVENTS: Final = 1000
FETCH_BYTES: Final = 1024 * 1024
"""Of the log at a time, by those who read stretches of it."""

Wanted = Callable[[bytes], bool]
"""Whether the records of a key are."""


class FailedEvent(NamedTuple):
    """An event that cannot be applied, and why."""

    position: LogPosition
    reason: str


class Replay:
    """The documents of those owners of a lane who are wanted; goes forwards only."""

    def __init__(
        self, log: LogReader, topics: Topics, lane: int, wanted: Wanted, begins: Mapping[str, int]
    ) -> None:
        """Nothing is read yet. `wanted` is asked for each record's key, before it is decoded.

        `begins` is where the log begins, by topic without prefix, where that is not 0.
        """
        self._log = log
        self._topics = topics
        self._lane = lane
        self._wanted = wanted
        self._reached = dict(begins)
        self.fresh = InMemoryProjection()
        self.failed: dict[str, FailedEvent] = {}
        """By owner, whose documents end there."""
        self.unreadable: Callable[[UnreadableRecord], None] = lambda _: None
        """Told of each record that cannot be read."""

    def is_at(self, offsets: Mapping[str, int]) -> bool:
        """Return whether it has been read exactly so far."""
        return self._reached == {topic: offset for topic, offset in offsets.items() if offset}

    async def advance_to(
        self,
        offsets: Mapping[str, int],
        without: Collection[LogPosition],
        progress: Callable[[int], None] = lambda _: None,
    ) -> None:
        """Go on to offsets, by topic without prefix, and passes by some places.

        `progress` is called with numbers of records that are through. Raises KafkaUnavailable, RecordsMissing.
        """
        for name, topic in self._topics.unprefixed_by_name.items():
            end = offsets.get(topic, 0)
            begin = self._reached.get(topic, 0)
            if begin >= end:
                continue
            async for read in self._log.scan((name, self._lane), begin, end):
                self._apply_read(topic, map(record_of, read), without)
                progress(len(read))
            self._reached[topic] = end

    async def apply_positions(self, positions: Collection[LogPosition]) -> None:
        """Apply single records that were passed by before; raise KafkaUnavailable, RecordsMissing."""
        for topic in sorted({one.topic for one in positions}):
            offsets = [one.offset for one in positions if one.topic == topic]
            self._apply_read(
                topic, await self._log.read_offsets((self._topics.name(topic), self._lane), offsets), ()
            )

    def _apply_read(self, topic: str, read: Iterable[Record], without: Collection[LogPosition]) -> None:
        events: list[tuple[LogPosition, Event]] = []
        for one in read:
            if one.key is None or not self._wanted(one.key):
                continue
            position = LogPosition(topic, self._lane, one.offset)
            if position in without:
                continue
            try:
                events.append((position, decode(one, self._topics)))
            except MalformedRecord as malformed:
                self.unreadable(UnreadableRecord(one, topic, malformed.reason))
            if len(events) == BATCH_EVENTS:
                self._apply(events)
                events = []
        self._apply(events)

    def _apply(self, events: Sequence[tuple[LogPosition, Event]]) -> None:
        going_on = [event for _, event in events if owner_of(event) not in self.failed]
        try:
            if going_on:
                self.fresh.apply(going_on)
        except Exception:  # noqa: BLE001 - whatever it is, it is found again, and named, event by event
            for position, event in events:
                self._apply_alone(position, event)

    def _apply_alone(self, position: LogPosition, event: Event) -> None:
        if owner_of(event) in self.failed:
            return
        try:
            self.fresh.apply([event])
        except Exception as error:  # noqa: BLE001 - a reason of its own
            self.failed[owner_of(event)] = FailedEvent(position, describe_error(error))


def owner_of(event: Event) -> str:
    """Whom an event is about: `biz/cus`, or `biz`."""
    return event.business if event.customer is None else f"{event.business}/{event.customer}"
