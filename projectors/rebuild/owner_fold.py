"""All records of one owner, folded from nothing: what is inserted for a customer, or a business.

Comes to what the live path comes to: gaps are counted, records that cannot be read are dead letters, an event that
cannot be applied holds its owner.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from events.envelope import Event, MalformedRecord, Record, decode
from events.topics import Topics
from projectors.processing.batch_builder import describe_error
from read_models.projection import fold_complete_history
from read_models.store import BlockedRecord, DocumentRejected, LogPosition, UnreadableRecord, encode_documents


class OwnerFold(NamedTuple):
    """Fold of all records of one owner."""

    key: bytes | None
    """That of the records: `biz/cus`, `biz`, or nobody's."""
    records: int
    documents: Sequence[bytes]
    """Encoded."""
    letters: Sequence[UnreadableRecord]
    held: Sequence[BlockedRecord]
    """The event that holds the owner, then what waits behind it."""
    counts: Counter[str]


_Read = tuple[Record, Event]


def fold_owner(
    key: bytes | None,
    records: Sequence[Record],
    topics: Topics,
    discarded: Collection[LogPosition],
    refused: str | None = None,
) -> OwnerFold:
    """Return what an owner's records, in order, come to; those of discarded places are passed by.

    With `refused`, why the database does not take the documents, all of them wait.
    """
    reads: list[_Read] = []
    letters: list[UnreadableRecord] = []
    counts: Counter[str] = Counter()
    erased = False
    for record in records:
        if discarded and _position(record, topics) in discarded:
            continue
        try:
            event = decode(record, topics)
        except MalformedRecord as malformed:
            if erased:
                counts["erased"] += 1  # dropped and counted (docs/contracts/views.md, Applying events)
            else:
                letters.append(
                    UnreadableRecord(record, topics.unprefixed_by_name[record.topic], malformed.reason)
                )
        else:
            reads.append((record, event))
            if _erases(event):
                erased, letters = True, []
    held: list[BlockedRecord] = []
    try:
        made = _documents(reads) if refused is None else None
    except Exception:  # noqa: BLE001 - whatever the fold raises holds the owner
        made = None
    if made is None:
        made, held = _bisect_failure(reads, topics, refused)
    return OwnerFold(key, len(records), made.documents, letters, held, counts + made.counts)


class _FoldResult(NamedTuple):
    documents: Sequence[bytes]
    counts: Counter[str]


def _documents(reads: Sequence[_Read]) -> _FoldResult:
    """Raise whatever the fold raises, and `DocumentRejected`."""
    if not reads:
        return _FoldResult((), Counter())
    changes = fold_complete_history(event for _, event in reads)
    return _FoldResult(encode_documents(changes.save.values()), sum(changes.counts.values(), Counter()))


def _bisect_failure(
    reads: Sequence[_Read], topics: Topics, refused: str | None
) -> tuple[_FoldResult, list[BlockedRecord]]:
    """Return what comes before the first event that cannot be applied, and from it on what waits.

    An erasure never waits: it ends the hold.
    """
    applied, beyond, reason = 0, len(reads), refused or ""
    while refused is None and applied + 1 < beyond:
        middle = (applied + beyond) // 2
        try:
            _documents(reads[:middle])
        except Exception:  # noqa: BLE001
            beyond = middle
        else:
            applied = middle
    if refused is None:
        try:
            _documents(reads[:beyond])
        except Exception as error:  # noqa: BLE001
            reason = str(error) if isinstance(error, DocumentRejected) else describe_error(error)
    for place in range(applied, len(reads)):
        if _erases(reads[place][1]):
            return _documents([*reads[:applied], *reads[place:]]), []
    waiting = [record for record, _ in reads[applied:]]
    owner = (waiting[0].key or b"").decode()
    held = [
        BlockedRecord(owner, record, topics.unprefixed_by_name[record.topic], None if place else reason)
        for place, record in enumerate(waiting)
    ]
    return _documents(reads[:applied]), held


def _position(record: Record, topics: Topics) -> LogPosition:
    return LogPosition(topics.unprefixed_by_name[record.topic], record.partition, record.offset)


def _erases(event: Event) -> bool:
    return event.fact == "erased" and event.kind == "customer"
