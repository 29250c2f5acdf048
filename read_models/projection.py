"""Events in, documents out: which event concerns which documents, and which fold applies it.

`fold` does no I/O: it is a generator that says what it needs and is sent it. Live worker, replay and tests drive the
same one. A batch is applied in two steps: each event changes its own document and the one it refers to; then what
follows from these is settled once for the batch, from what they were to what they are, upwards to the dashboard.
"""

from collections import Counter
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from typing import Any, NamedTuple

from events.envelope import Event
from read_models import (
    business,
    contract,
    contract_month,
    customer,
    invoice,
    payment,
    proof,
    subscription,
    visit,
)
from read_models.derivation import derive_batch
from read_models.documents import Doc, document_id, owner_id
from read_models.working_set import Asking, DocumentRequest, LoadedDocuments, UnitOfWork

VERSION = 3
"""Of the read models: raised when events that folded before would give other documents.

See docs/architecture.md, Decision 4.
"""

FIRST: Mapping[str, frozenset[str]] = {
    "business": business.FIRST,
    "customer": customer.FIRST,
    "visit": visit.FIRST,
    "proof": proof.ITEM_FIRST,
    "proof_pack": proof.PACK_FIRST,
    "invoice": invoice.FIRST,
    "payment": payment.FIRST,
    "subscription": subscription.FIRST,
    "contract": contract.FIRST,
}

EVOLVE: Mapping[str, Callable[[Doc, Event], None]] = {
    "visit": visit.evolve,
    "invoice": invoice.evolve,
    "subscription": subscription.evolve,
    "contract": contract.evolve,
}

DISPOSABLE_WHEN: Mapping[str, Callable[[Doc], bool]] = {
    "month": contract_month.is_empty,
    "subscription": subscription.is_unreferenced,
}
"""Documents that are there only while others count in them: kept, they would tell in which batches these came."""


class BatchChanges(NamedTuple):
    """Changes of a batch.

    `save` are whole documents by `_id`, `before` what those were that are not new: values are replaced, never changed
    in place, so a field that differs is another object. `remove` are ids to delete, `erase` the customers (business,
    customer) of whom everything goes but what is saved. `counts` are to be added to the counters of the log: by key of
    the records (`biz/cus`, `biz`), then `gaps` (events lost before one that came), `skipped` (of unknown type),
    `erased` (came for an erased customer).
    """

    save: dict[str, Doc]
    before: Mapping[str, Doc]
    remove: frozenset[str]
    erase: frozenset[tuple[str, str]]
    counts: Mapping[str, Counter[str]]


def fold(
    events: Sequence[Event], cache: dict[str, Doc | None]
) -> Generator[DocumentRequest, LoadedDocuments, BatchChanges]:
    """Apply events, given in the order of their topics; yields what it needs, return what has changed.

    `cache` holds documents as they are saved (None: known to be absent). They are changed in place: when the changes
    cannot be saved, or an event raises, the whole cache is to be forgotten.
    """
    batch = _Batch(cache)
    documents = batch.documents
    yield from documents.load(_id for event in events for _id in _document_ids(event))
    yield from documents.load(_id for event in events for _id in batch.referenced_ids(event))
    for event in events:
        batch.apply(event)
    yield from batch.settle()
    return batch.changes()


def fold_complete_history(events: Iterable[Event]) -> BatchChanges:
    """Return the changes by all events that there are of some owners, folded from nothing.

    The same as `fold` in any number of batches, at less cost: each document is settled once.
    """
    batch = _Batch(_EmptyCache())
    for event in events:
        batch.apply(event)
    settling = batch.settle()
    try:
        need = next(settling)
        while True:
            need = settling.send(LoadedDocuments({}, dict.fromkeys(need.ranges, ())))
    except StopIteration:
        return batch.changes()


class _EmptyCache(dict[str, Doc | None]):
    """A cache in which every document is known to be absent."""

    def __missing__(self, _id: str) -> None:
        return None


def _document_ids(event: Event) -> Iterator[str]:
    """Yield the ids of the documents that an event names."""
    if event.customer is None:
        yield event.business
        return
    owner = event.business, event.customer
    yield owner_id(*owner)
    if event.kind not in FIRST or event.kind == "customer":
        return
    yield document_id(*owner, event.kind, event.subject)
    data: Any = event.data
    if data is None:
        return
    if event.kind in ("proof", "proof_pack"):
        yield document_id(*owner, "visit", data.visit_id)
    elif event.kind == "payment":
        yield document_id(*owner, "invoice", data.invoice_id)
    elif event.kind == "invoice" and event.fact == "issued":
        for visit_id in data.visit_ids or ():
            yield document_id(*owner, "visit", visit_id)


class _Batch:
    """One batch: its documents, and what it counts."""

    def __init__(self, cache: dict[str, Doc | None]) -> None:
        self.documents = UnitOfWork(cache)
        self.counts: dict[str, Counter[str]] = {}
        self.erased: set[tuple[str, str]] = set()
        self.latest: dict[tuple[str, str], str] = {}

    def referenced_ids(self, event: Event) -> Iterator[str]:
        """Yield the ids of what a known subject refers to, where it is not what this event names.

        See docs/contracts/events.md, First facts and references.
        """
        if event.customer is None or event.data is None:
            return
        owner = event.business, event.customer
        if event.kind in ("proof", "proof_pack"):
            known = self.documents.get(*owner, event.kind, event.subject)
            yield document_id(*owner, "visit", proof.visit_of(known, event.data))
        elif event.kind == "payment":
            known = self.documents.get(*owner, "payment", event.subject)
            yield document_id(*owner, "invoice", payment.invoice_of(known, event.data))

    def apply(self, event: Event) -> None:
        """Apply one event to its own document and to the one it refers to."""
        if event.customer is None:
            self._apply_to_business(event)
            return
        known = self.documents.docs[owner_id(event.business, event.customer)]
        if known is not None and known.get("erased"):
            self._count(event, "erased")
        elif event.kind not in FIRST:
            self._count(event, "skipped")
        elif event.kind == "customer":
            self._apply_to_customer(event, event.customer)
        else:
            self._apply_to_subject(event, event.customer)

    def _apply_to_business(self, event: Event) -> None:
        if event.kind not in FIRST:
            self._count(event, "skipped")
        elif self._is_next(event, self.documents.docs[event.business]):
            document = self.documents.get_or_create(event.business, business.new(event.business))
            document["seq"] = event.sequence
            if event.data is not None:
                business.evolve(document, event)

    def _apply_to_customer(self, event: Event, owner: str) -> None:
        if not self._is_next(event, self.documents.docs[owner_id(event.business, owner)]):
            return
        if event.data is not None and event.fact == "erased":
            self.documents.erase(event.business, owner)
            self.latest.pop((event.business, owner), None)
            self.erased.add((event.business, owner))
            tombstone = customer.tombstone(event.business, owner, event.sequence)
            self.documents.get_or_create(tombstone["_id"], tombstone)
            return
        document = self.documents.touch_customer(event.business, owner)
        document["seq"] = event.sequence
        if event.data is not None:
            customer.evolve(document, event)
            document["updated_at"] = max(document["updated_at"], event.time)

    def _apply_to_subject(self, event: Event, owner: str) -> None:
        place = event.business, owner
        if not self._is_next(event, self.documents.get(*place, event.kind, event.subject)):
            return
        document = self.documents.get_for_update(*place, event.kind, event.subject)
        document["seq"] = event.sequence
        if event.data is None:
            return
        if event.kind in EVOLVE:
            was_shown = document["shown"]
            EVOLVE[event.kind](document, event)
            if event.kind == "invoice" and document["shown"] and not was_shown:
                for visit_id in document["visit_ids"]:
                    billed = self.documents.get_for_update(*place, "visit", visit_id)
                    billed["invoices"] = sorted({*billed["invoices"], document["id"]})
        elif event.kind == "payment":
            before = payment.net_amount(document)
            paid = self.documents.get_for_update(*place, "invoice", payment.invoice_of(document, event.data))
            payment.evolve(document, event)
            payment.apply_to_invoice(paid, document, before)
        elif event.kind == "proof":
            proven = self.documents.get_for_update(*place, "visit", proof.visit_of(document, event.data))
            proof.evolve_item(document, proven, event)
        else:
            proven = self.documents.get_for_update(*place, "visit", proof.visit_of(document, event.data))
            proof.evolve_pack(document, proven, event)
        if self.latest.get(place, "") < event.time:
            self.latest[place] = event.time

    def _is_next(self, event: Event, document: Doc | None) -> bool:
        """Return whether the event is not stale; counts what was lost before it.

        See docs/contracts/views.md, Applying events.
        """
        known = document["seq"] if document else 0
        if event.sequence <= known:
            return False
        unknown = event.data is None
        if event.sequence > known + 1 or (not known and not unknown and event.fact not in FIRST[event.kind]):
            self._count(event, "gaps")
        if unknown:
            self._count(event, "skipped")
        return True

    def _count(self, event: Event, name: str) -> None:
        key = event.business if event.customer is None else owner_id(event.business, event.customer)
        self.counts.setdefault(key, Counter())[name] += 1

    def settle(self) -> Asking:
        """Work out what follows from all that was applied."""
        for owner, time in self.latest.items():
            dashboard = self.documents.touch_customer(*owner)
            dashboard["updated_at"] = max(dashboard["updated_at"], time)
        yield from derive_batch(self.documents)

    def changes(self) -> BatchChanges:
        """Return what is to be saved."""
        save, removed = {}, set()
        for _id, before in self.documents.originals.items():
            document = self.documents.docs[_id]
            needless = None if document is None else DISPOSABLE_WHEN.get(document["kind"])
            if document is not None and not (needless and needless(document)):
                save[_id] = document
            else:
                self.documents.docs[_id] = None
                if before is not None:
                    removed.add(_id)
        before = {_id: known for _id in save if (known := self.documents.originals[_id]) is not None}
        return BatchChanges(save, before, frozenset(removed), frozenset(self.erased), self.counts)
