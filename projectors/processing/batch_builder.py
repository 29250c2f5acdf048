"""Batch builder: decodes and folds records into what one transaction writes, and sets aside what cannot be applied."""

import asyncio
import traceback
from collections import Counter
from collections.abc import Awaitable, Iterator, Sequence
from itertools import islice
from typing import Any, NamedTuple

from events.envelope import Event, MalformedRecord, Record, decode
from events.topics import Topics
from read_models.documents import Doc, owner_id
from read_models.projection import BatchChanges, fold
from read_models.store import (
    BlockedRecord,
    CheckpointUpdate,
    LogPosition,
    TransactionalWriter,
    UnreadableRecord,
    ViewCollection,
    WriteBatch,
    encode_changes,
    owner_of,
)
from read_models.working_set import DocumentRequest

BATCH_BYTES = 8 * 1024 * 1024
BATCH_DOCUMENTS = 2_000
SAVED_BYTES = 32 * 1024 * 1024
"""Of the documents of a transaction, which has to end within its lifetime (docs/architecture.md, Decision 1)."""
CACHED_DOCUMENTS = 20_000
YIELD_EVERY = 100

NOTHING = BatchChanges({}, {}, frozenset(), frozenset(), {})


class BatchNotApplicable(Exception):
    """The events of a batch cannot be applied for a reason of their own, or not in one transaction."""


class DecodedRecord(NamedTuple):
    """A record, and what it was read as: an event, or why it is malformed."""

    record: Record
    topic: str
    event: Event | None
    reason: str


class BatchBuilder:
    """Makes batches of records, one after the other; keeps documents between them (docs/architecture.md, Decision 1).

    A batch is folded on what the one before it made, be that saved or not. When one was not saved, `forget`.
    """

    def __init__(self, writer: TransactionalWriter, topics: Topics, most_events: int) -> None:
        """`most_events` bounds a batch, as do `BATCH_BYTES` and `BATCH_DOCUMENTS`."""
        self._writer = writer
        self._topics = topics
        self._most_events = most_events
        self._documents_per_event = 1.0
        self._cache: dict[str, Doc | None] = {}
        self.held: set[str] = set()
        """The keys (`biz/cus`, `biz`) of those that are held."""
        self.discarded: frozenset[LogPosition] = frozenset()
        """Places that are passed by."""

    def clear_cache(self) -> None:
        """Keep no document: all are asked for anew."""
        self._cache.clear()

    def evict(self) -> None:
        """Forget the documents changed longest ago, down to `CACHED_DOCUMENTS`; all have to be saved."""
        for _id in list(islice(self._cache, max(0, len(self._cache) - CACHED_DOCUMENTS))):
            del self._cache[_id]

    def split(self, records: Sequence[Record]) -> Iterator[Sequence[Record]]:
        """Yield the records, cut into what a transaction may hold."""
        begin = size = 0
        for end, record in enumerate(records):
            length = size_of(record)
            if end > begin and (end - begin >= self._most() or size + length > BATCH_BYTES):
                yield records[begin:end]
                begin, size = end, 0
            size += length
        if begin < len(records):
            yield records[begin:]

    def _most(self) -> int:
        """Events of the next batch: as many as change fewer documents than it may, going by the last ones."""
        return max(1, min(self._most_events, int(0.8 * BATCH_DOCUMENTS / self._documents_per_event)))

    async def decode(self, records: Sequence[Record]) -> list[DecodedRecord]:
        """Return the records as they read; gives way now and then to what is under way beside it."""
        reads = []
        for number, record in enumerate(records, 1):
            reads.append(self._read(record))
            if number % YIELD_EVERY == 0:
                await asyncio.sleep(0)
        return reads

    def _read(self, record: Record) -> DecodedRecord:
        topic = self._topics.unprefixed_by_name[record.topic]
        try:
            return DecodedRecord(record, topic, decode(record, self._topics), "")
        except MalformedRecord as malformed:
            return DecodedRecord(record, topic, None, malformed.reason)

    async def build(
        self,
        reads: Sequence[DecodedRecord],
        views: ViewCollection,
        hold: str | None = None,
        before: Awaitable[None] | None = None,
    ) -> WriteBatch:
        """Folds what was read, while the batch `before` may still be written.

        With `hold`, a reason, its one event begins a hold instead.
        Raises `BatchNotApplicable`, `DocumentRejected` and `StoreUnavailable`; then what it did is to be forgotten.
        """
        events, waiting, unreadable = self._sorted(reads, hold)
        changes = await self._fold(events, views, before)
        per_event = len(changes.save) / len(reads)
        if len(changes.save) > BATCH_DOCUMENTS and len(reads) > 1:
            self._documents_per_event = per_event
            raise BatchNotApplicable("too many documents for one transaction")
        self._documents_per_event = max(1.0, 0.8 * self._documents_per_event + 0.2 * per_event)
        counts: dict[int, Counter[str]] = {}
        for key, of_key in changes.counts.items():
            counts.setdefault(self._topics.partition(key.encode()), Counter()).update(of_key)
        letters = await self._of_living(unreadable, views, counts)
        for _id in changes.save:
            self._cache[_id] = self._cache.pop(_id)  # the last to be trimmed
        written = encode_changes(changes)
        if written.bytes > SAVED_BYTES and len(reads) > 1:
            raise BatchNotApplicable("documents too large for one transaction")
        return WriteBatch(len(reads), _steps(reads, counts), written, letters, waiting)

    def _sorted(
        self, reads: Sequence[DecodedRecord], hold: str | None
    ) -> tuple[list[Event], list[BlockedRecord], list[UnreadableRecord]]:
        """Events to fold, records that wait, and records that cannot be read."""
        events: list[Event] = []
        waiting: list[BlockedRecord] = []
        unreadable: list[UnreadableRecord] = []
        for record, topic, event, reason in reads:
            if self.discarded and LogPosition(topic, record.partition, record.offset) in self.discarded:
                continue
            if event is None:
                unreadable.append(UnreadableRecord(record, topic, reason))
                continue
            key = (record.key or b"").decode()
            if hold is not None:
                self.held.add(key)
            elif key in self.held and (event.kind, event.fact) == ("customer", "erased"):
                # Never waits: it ends the hold, and the store removes what waited.
                self.held.remove(key)
                waiting = [one for one in waiting if one.owner != key]
            if key in self.held:
                waiting.append(BlockedRecord(key, record, topic, hold))
            else:
                events.append(event)
        return events, waiting, unreadable

    async def _fold(
        self, events: Sequence[Event], views: ViewCollection, before: Awaitable[None] | None
    ) -> BatchChanges:
        if not events:
            return NOTHING
        folding = fold(events, self._cache)
        answer: Any = None
        while True:
            try:
                need = folding.send(answer)
            except StopIteration as end:
                changes: BatchChanges = end.value
                return changes
            except Exception as error:
                raise BatchNotApplicable(describe_error(error)) from error
            if need.ranges and before is not None:
                await (
                    before
                )  # documents that were changed are in the cache, but ranges are read as they were saved
            answer = await self._writer.load(need, views)

    async def _of_living(
        self, letters: Sequence[UnreadableRecord], views: ViewCollection, counts: dict[int, Counter[str]]
    ) -> list[UnreadableRecord]:
        """Return the letters of customers that are not erased; the others are dropped and counted.

        See docs/contracts/views.md.
        """
        owners: list[str | None] = []
        for letter in letters:
            business, customer = owner_of(letter.record.key)
            owners.append(owner_id(business, customer) if business and customer else None)
        absent = frozenset(_id for _id in owners if _id is not None and _id not in self._cache)
        # Not kept: a malformed record may name the customer of another lane, whose worker will change it.
        found = (await self._writer.load(DocumentRequest(absent, frozenset()), views)).docs if absent else {}
        kept = []
        for letter, _id in zip(letters, owners, strict=True):
            if _id is not None and (self._cache.get(_id) or found.get(_id) or {}).get("erased"):
                counts.setdefault(letter.record.partition, Counter())["erased"] += 1
            else:
                kept.append(letter)
        return kept


def _steps(reads: Sequence[DecodedRecord], counts: dict[int, Counter[str]]) -> dict[int, CheckpointUpdate]:
    reached: dict[int, dict[str, int]] = {}
    for read in reads:
        reached.setdefault(read.record.partition, {})[read.topic] = read.record.offset + 1
    return {lane: CheckpointUpdate(offsets, None, counts.get(lane, {})) for lane, offsets in reached.items()}


def size_of(record: Record) -> int:
    """Bytes that a record takes in a transaction, should it be kept whole."""
    beside = sum(len(name) + len(value or b"") for name, value in record.headers)
    return len(record.value or b"") + len(record.key or b"") + beside


def describe_error(error: BaseException) -> str:
    """Return what was raised and where, for operators; not its text, which may hold values of the event."""
    place = traceback.extract_tb(error.__traceback__)[-1]
    return f"{type(error).__name__} in {place.name}, {place.filename.rpartition('/')[2]}:{place.lineno}"
