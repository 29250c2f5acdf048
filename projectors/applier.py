"""Records in, transactions out: what a worker does with the lanes it owns (DESIGN.md, decision 1).

Used by the live worker; knows nothing of how records are read.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import NamedTuple

import structlog

from events.envelope import Event, Malformed, Record, decode
from events.topics import Topics
from read_models.documents import Doc, owner_id
from read_models.project import Changes, fold
from read_models.store import (
    Advance,
    Batch,
    Checkpoint,
    CompareFailed,
    DeadLetter,
    Held,
    NoGeneration,
    Release,
    Store,
    Unavailable,
    Unstorable,
    Views,
    owner_of,
    patiently,
)

log = structlog.get_logger()

BATCH_EVENTS = 1000
BATCH_BYTES = 8 * 1024 * 1024
CACHED_DOCUMENTS = 20_000
IDLE = timedelta(seconds=10)
"""How often an idle lane says that it is level (DESIGN.md, decision 1)."""

NOTHING = Changes({}, frozenset(), frozenset(), frozenset(), {})


class LaneLost(Exception):
    """Another worker has taken over lanes of this one, which must not write them any more."""

    def __init__(self, lanes: frozenset[int]) -> None:
        super().__init__(f"lanes {sorted(lanes)} were taken over")
        self.lanes = lanes


class CannotApply(Exception):
    """The events of a batch cannot be applied for a reason of their own."""


class Read(NamedTuple):
    """A record, and what it was read as: an event, or why it is malformed."""

    record: Record
    topic: str
    event: Event | None
    reason: str


class Applier:
    """Applies the records of the lanes it took over; one call at a time."""

    def __init__(self, store: Store, topics: Topics, batch_events: int = BATCH_EVENTS) -> None:
        """`batch_events` bounds a transaction."""
        self._store = store
        self._topics = topics
        self._batch_events = batch_events
        self._writer = store.writer()
        self._generations: tuple[int, ...] = ()
        self._known: dict[tuple[int, int], Checkpoint] = {}
        self._held: set[str] = set()
        self._cache: dict[str, Doc | None] = {}
        self._ends: dict[int, dict[str, int]] = {}
        self._ends_at: datetime | None = None
        self.applied = 0
        """Events applied by this process."""
        self.lost_compares = 0

    async def take_over(self, lanes: Iterable[int]) -> dict[tuple[str, int], int]:
        """Takes lanes; gives the offset of the next record to read by full topic name and partition."""
        return await patiently(lambda: self._take_over(sorted(lanes)))

    async def _take_over(self, lanes: Sequence[int]) -> dict[tuple[str, int], int]:
        await self._writer.open()
        pointer = await self._store.generations.pointer(self._store.version)
        if pointer is None:
            raise NoGeneration(f"no generation of version {self._store.version} is served")
        while True:
            try:
                taken = await self._writer.take(pointer.kept, lanes)
                break
            except CompareFailed:
                self.lost_compares += 1  # the former owner wrote meanwhile; it will meet the new revision
        self._generations = pointer.kept
        self._known |= taken
        self._held |= await self._store.dead_letters.held(lanes)
        return {
            (name, lane): self._known[pointer.served, lane].offsets.get(short, 0)
            for lane in lanes
            for name, short in self._topics.short.items()
        }

    async def release(self, lanes: Iterable[int]) -> None:
        """Forgets lanes; writes nothing."""
        gone = set(lanes)
        self._known = {key: known for key, known in self._known.items() if key[1] not in gone}
        self._cache.clear()

    async def close(self) -> None:
        """Ends its session."""
        await self._writer.close()

    async def apply(self, records: Sequence[Record]) -> None:
        """Applies records in order; returns when all are committed. Raises `LaneLost`."""
        for part in self._parts([self._read(record) for record in records]):
            await self._apply(part)

    async def mark_level(self, ends: Mapping[tuple[str, int], int], at: datetime) -> None:
        """Takes notice of the log's ends, by full topic name and partition, as asked at a moment.

        A lane that has reached them is level up to that moment; one that has not is when a batch reaches them.
        """
        self._ends_at, self._ends = at, {}
        for (name, lane), end in ends.items():
            self._ends.setdefault(lane, {})[self._topics.short[name]] = end
        for known in list(self._known.values()):
            stale = known.level_at is None or at - known.level_at >= IDLE
            if stale and self._level(known.lane, known.offsets):
                await self._writer.set_level(known, at)

    def _level(self, lane: int, offsets: Mapping[str, int]) -> datetime | None:
        ends = self._ends.get(lane)
        reached = ends is not None and all(offsets.get(topic, 0) >= end for topic, end in ends.items())
        return self._ends_at if reached else None

    def _read(self, record: Record) -> Read:
        topic = self._topics.short[record.topic]
        try:
            return Read(record, topic, decode(record, self._topics), "")
        except Malformed as malformed:
            return Read(record, topic, None, malformed.reason)

    def _parts(self, reads: Sequence[Read]) -> Iterator[list[Read]]:
        part: list[Read] = []
        size = 0
        for read in reads:
            length = len(read.record.value or b"")
            if part and (len(part) >= self._batch_events or size + length > BATCH_BYTES):
                yield part
                part, size = [], 0
            part.append(read)
            size += length
        if part:
            yield part

    async def _apply(self, reads: list[Read]) -> None:
        """Applies a batch; where it cannot be, splits it until the event is found that holds its customer."""
        fresh = self._unapplied(reads)
        if not fresh:
            return
        try:
            await patiently(lambda: self._commit(fresh, None))
        except (CannotApply, Unstorable) as error:
            self._cache.clear()
            if len(fresh) > 1:
                middle = len(fresh) // 2
                await self._apply(fresh[:middle])
                await self._apply(fresh[middle:])
            else:
                reason = str(error.__cause__ or error)
                hold = f"{type(error.__cause__ or error).__name__}: {reason}"[:500]
                await patiently(lambda: self._commit(fresh, hold))
        except CompareFailed:
            self._cache.clear()
            self.lost_compares += 1
            await patiently(self._reread)
            await self._apply(fresh)

    def _unapplied(self, reads: Sequence[Read]) -> list[Read]:
        """Those above the checkpoints: the others are redeliveries, or of lanes that were given up."""
        served = self._generations[0]
        fresh = []
        for read in reads:
            known = self._known.get((served, read.record.partition))
            if known is not None and read.record.offset >= known.offsets.get(read.topic, 0):
                fresh.append(read)
        return fresh

    async def _commit(self, reads: Sequence[Read], reason: str | None) -> None:
        """Folds and writes a batch in one transaction; with a `reason` its one event begins a hold instead."""
        try:
            batch, still_held = await self._prepare(reads, reason)
            known = [
                self._known[generation, lane] for generation in self._generations for lane in batch.steps
            ]
            await self._writer.write(batch, known, [self._store.views(one) for one in self._generations])
        except BaseException:
            self._cache.clear()  # its documents are ahead of what is saved
            raise
        self._held = still_held
        self.applied += len(reads)
        for _id in list(self._cache)[: max(0, len(self._cache) - CACHED_DOCUMENTS)]:
            del self._cache[_id]

    async def _prepare(self, reads: Sequence[Read], reason: str | None) -> tuple[Batch, set[str]]:
        events: list[Event] = []
        waiting: list[Held] = []
        released: list[Release] = []
        unreadable: list[DeadLetter] = []
        still_held = set(self._held)
        for read in reads:
            if read.event is None:
                unreadable.append(DeadLetter(read.record, read.topic, read.reason))
                continue
            key = (read.record.key or b"").decode()
            if key in still_held and (read.event.kind, read.event.fact) == ("customer", "erased"):
                still_held.discard(key)
                released.append(Release(key))
            if reason is not None:
                still_held.add(key)
            if key in still_held:
                waiting.append(Held(key, read.record, read.topic, reason))
            else:
                events.append(read.event)
        views = self._store.views(self._generations[0])
        changes = await self._fold(events, views)
        counts = Counter(
            {
                (self._topics.partition(key.encode()), name): number
                for key, of_key in changes.counts.items()
                for name, number in of_key.items()
            }
        )
        letters = await self._of_living(unreadable, views, counts)
        return Batch(self._steps(reads, counts), changes, letters, waiting, released), still_held

    async def _fold(self, events: Sequence[Event], views: Views) -> Changes:
        if not events:
            return NOTHING
        folding = fold(events, self._cache)
        try:
            need = next(folding)
            while True:
                answer = await self._writer.answer(need, views)
                need = folding.send(answer)
        except StopIteration as end:
            changes: Changes = end.value
            return changes
        except Unavailable:
            raise
        except Exception as error:
            raise CannotApply from error

    async def _of_living(
        self, letters: Sequence[DeadLetter], views: Views, counts: Counter[tuple[int, str]]
    ) -> list[DeadLetter]:
        """The letters of customers that are not erased; the others are dropped and counted (VIEWS.md)."""
        kept = []
        for letter in letters:
            business, customer = owner_of(letter.record.key)
            if business is not None and customer is not None:
                _id = owner_id(business, customer)
                if _id not in self._cache:
                    self._cache[_id] = (await views.load([_id])).get(_id)
                if (self._cache[_id] or {}).get("erased"):
                    counts[letter.record.partition, "erased"] += 1
                    continue
            kept.append(letter)
        return kept

    def _steps(self, reads: Sequence[Read], counts: Counter[tuple[int, str]]) -> dict[int, Advance]:
        reached: dict[int, dict[str, int]] = {}
        for read in reads:
            reached.setdefault(read.record.partition, {})[read.topic] = read.record.offset + 1
        steps = {}
        for lane, offsets in reached.items():
            whole = self._known[self._generations[0], lane].offsets | offsets
            of_lane = {name: number for (of, name), number in counts.items() if of == lane}
            steps[lane] = Advance(lane, offsets, self._level(lane, whole), of_lane)
        return steps

    async def _reread(self) -> None:
        """After a failed compare: takes the checkpoints as they are; raises `LaneLost` where another is named."""
        pointer = await self._store.generations.pointer(self._store.version)
        lanes = {lane for _, lane in self._known}
        current = await self._writer.read(pointer.kept, lanes) if pointer else {}
        mine = self._writer.session_id
        lost = lanes - {one.lane for one in current.values()}
        lost |= {one.lane for one in current.values() if one.session != mine}
        self._generations = pointer.kept if pointer else ()
        self._known = {key: known for key, known in current.items() if known.lane not in lost}
        if lost:
            raise LaneLost(frozenset(lost))
