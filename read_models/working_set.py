"""The documents a batch works on: those of the cache, those it asked for, and what they were before."""

from collections.abc import Generator, Iterable, Mapping, Sequence
from typing import NamedTuple

from read_models import contract, contract_month, customer, invoice, payment, proof, subscription, visit
from read_models.documents import Doc, document_id, owner_id
from read_models.indexed_lists import ListQuery

NEW = {
    "visit": visit.new,
    "proof": proof.new_item,
    "proof_pack": proof.new_pack,
    "invoice": invoice.new,
    "payment": payment.new,
    "subscription": subscription.new,
    "contract": contract.new,
}


class DocumentRequest(NamedTuple):
    """Request of a fold for what it needs to go on: documents by `_id`, and ranges of lists."""

    ids: frozenset[str]
    ranges: frozenset[ListQuery]


class LoadedDocuments(NamedTuple):
    """The answer to a need; ids that do not exist are absent."""

    docs: Mapping[str, Doc]
    ranges: Mapping[ListQuery, Sequence[Doc]]


Asking = Generator[DocumentRequest, LoadedDocuments, None]


class UnitOfWork:
    """The documents by `_id` (None: known to be absent) and, of those touched, what they were: a shallow copy."""

    def __init__(self, cache: dict[str, Doc | None]) -> None:
        """Work on `cache` in place: after a failure its owner clears it."""
        self.docs = cache
        self.originals: dict[str, Doc | None] = {}
        self._kinds: dict[str, list[str]] = {}
        self.ranges: dict[ListQuery, Sequence[Doc]] = {}

    def load(self, ids: Iterable[str], ranges: Iterable[ListQuery] = ()) -> Asking:
        """Ask for the documents that are not there yet, and for ranges; ask nothing where nothing is missing."""
        absent = frozenset(_id for _id in ids if _id not in self.docs)
        wanted = frozenset(ranges)
        if absent or wanted:
            loaded = yield DocumentRequest(absent, wanted)
            for _id in absent:
                self.docs[_id] = loaded.docs.get(_id)
            self.ranges.update(loaded.ranges)

    def get(self, business: str, owner: str, kind: str, subject: str) -> Doc | None:
        """Return a document, to look at."""
        return self.docs[document_id(business, owner, kind, subject)]

    def get_for_update(self, business: str, owner: str, kind: str, subject: str) -> Doc:
        """Return a document to change; made when it is not there."""
        _id = document_id(business, owner, kind, subject)
        return self._touch(_id, kind) or self._put(_id, NEW[kind](business, owner, subject))

    def touch_customer(self, business: str, owner: str) -> Doc:
        """Return a customer's dashboard, to change; made when it is not there."""
        _id = owner_id(business, owner)
        return self._touch(_id, "customer") or self._put(_id, customer.new(business, owner))

    def touch_month(self, business: str, owner: str, contract_id: str, month: str) -> Doc:
        """Return a contract's month, to change; made when it is not there."""
        _id = document_id(business, owner, "month", contract_month.month_subject(contract_id, month))
        return self._touch(_id, "month") or self._put(
            _id, contract_month.new_month(business, owner, contract_id, month)
        )

    def get_or_create(self, _id: str, fresh: Doc) -> Doc:
        """Return a document to change by its `_id`; `fresh` when it is not there."""
        return self._touch(_id, fresh["kind"]) or self._put(_id, fresh)

    def erase(self, business: str, owner: str) -> None:
        """Forget all documents of a customer; from now on they are known to be absent."""
        _id = owner_id(business, owner)
        for other in [other for other in self.docs if other == _id or other.startswith(f"{_id}/")]:
            self.docs[other] = None
            self.originals.pop(other, None)

    def touched(self, kind: str) -> list[Doc]:
        """Return the documents of a kind that were touched, in order of their ids."""
        # An id is there twice when its customer was erased in between.
        found = (self.docs[_id] for _id in sorted(set(self._kinds.get(kind, ()))) if _id in self.originals)
        return [document for document in found if document]

    def _touch(self, _id: str, kind: str) -> Doc | None:
        document = self.docs[_id]
        if _id not in self.originals:
            self.originals[_id] = None if document is None else dict(document)
            self._kinds.setdefault(kind, []).append(_id)
        return document

    def _put(self, _id: str, document: Doc) -> Doc:
        self.docs[_id] = document
        return document
