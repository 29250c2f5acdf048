"""All records of one owner, folded from nothing: what is inserted for a customer, or a business.

Comes to what the live path comes to: gaps are counted, records that cannot be read are dead letters, an event that
cannot be applied holds its owner.
"""

from collections import Counter
from collections.abc import Collection, Sequence
from typing import NamedTuple

from events.envelope import Event, Malformed, Record, decode
from events.topics import Topics
from projectors.batch import where
from read_models.project import fold_whole
from read_models.store import DeadLetter, Held, Position, Unstorable, encoded


class Owned(NamedTuple):
    """What an owner's records come to."""

    key: bytes | None
    """That of the records: `biz/cus`, `biz`, or nobody's."""
    records: int
    documents: Sequence[bytes]
    """Encoded."""
    letters: Sequence[DeadLetter]
    held: Sequence[Held]
    """The event that holds the owner, then what waits behind it."""
    counts: Counter[str]


class _Read(NamedTuple):
    record: Record
    topic: str
    event: Event


def folded(
    key: bytes | None,
    records: Sequence[Record],
    topics: Topics,
    discarded: Collection[Position],
    refused: str | None = None,
) -> Owned:
    """What an owner's records, in order, come to; those of discarded places are passed by.

    With `refused`, why the database does not take the documents, all of them wait.
    """
    reads: list[_Read] = []
    letters: list[DeadLetter] = []
    counts: Counter[str] = Counter()
    erased = False
    for record in records:
        topic = topics.short[record.topic]
        if discarded and Position(topic, record.partition, record.offset) in discarded:
            continue
        try:
            event = decode(record, topics)
        except Malformed as malformed:
            if erased:
                counts["erased"] += 1  # dropped and counted (VIEWS.md, Applying events)
            else:
                letters.append(DeadLetter(record, topic, malformed.reason))
        else:
            reads.append(_Read(record, topic, event))
            if (event.kind, event.fact) == ("customer", "erased"):
                erased, letters = True, []
    held: list[Held] = []
    try:
        made = _documents(reads) if refused is None else None
    except Exception:  # noqa: BLE001 - whatever the fold raises holds the owner
        made = None
    if made is None:
        made, held = _up_to_a_hold(reads, refused)
    return Owned(key, len(records), made.documents, letters, held, counts + made.counts)


class _Made(NamedTuple):
    documents: Sequence[bytes]
    counts: Counter[str]


def _documents(reads: Sequence[_Read]) -> _Made:
    """Raises whatever the fold raises, and `Unstorable`."""
    if not reads:
        return _Made((), Counter())
    changes = fold_whole(read.event for read in reads)
    return _Made(encoded(changes.save.values()), sum(changes.counts.values(), Counter()))


def _up_to_a_hold(reads: Sequence[_Read], refused: str | None) -> tuple[_Made, list[Held]]:
    """What comes before the first event that cannot be applied, and from it on what waits.

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
            reason = str(error) if isinstance(error, Unstorable) else where(error)
    for place in range(applied, len(reads)):
        if (reads[place].event.kind, reads[place].event.fact) == ("customer", "erased"):
            return _documents([*reads[:applied], *reads[place:]]), []
    owner = (reads[applied].record.key or b"").decode()
    held = [
        Held(owner, read.record, read.topic, reason if place == 0 else None)
        for place, read in enumerate(reads[applied:])
    ]
    return _documents(reads[:applied]), held
