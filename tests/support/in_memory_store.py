"""A store in memory that drives the fold as the real one does: for tests of the read models, without a server."""

import copy
from collections.abc import Iterable, Sequence

from events.envelope import Event
from read_models import customer
from read_models.documents import Doc
from read_models.indexed_lists import LISTS, ListQuery, for_customer, sort_documents
from read_models.projection import BatchChanges, fold
from read_models.working_set import LoadedDocuments


class InMemoryStore:
    """Documents by `_id`. With `cached` it keeps them between batches, as a worker does."""

    def __init__(self, *, cached: bool = False) -> None:
        self.docs: dict[str, Doc] = {}
        self.cache: dict[str, Doc | None] = {}
        self.cached = cached

    def apply(self, events: Iterable[Event], batch: int | None = None) -> None:
        """Folds the events in batches of a size, or in one."""
        every = list(events)
        size = batch or max(len(every), 1)
        for start in range(0, len(every), size):
            self.apply_batch(every[start : start + size])

    def apply_batch(self, events: Sequence[Event]) -> BatchChanges:
        """Folds one batch and saves what it comes to."""
        if not self.cached:
            self.cache = {}
        folding = fold(events, self.cache)
        try:
            need = next(folding)
            while True:
                found = {_id: copy.deepcopy(self.docs[_id]) for _id in need.ids if _id in self.docs}
                need = folding.send(
                    LoadedDocuments(found, {wanted: self.range(wanted) for wanted in need.ranges})
                )
        except StopIteration as end:
            changes: BatchChanges = end.value
        for business, owner in changes.erase:
            for _id in [
                _id for _id, d in self.docs.items() if (d["business"], d.get("customer")) == (business, owner)
            ]:
                del self.docs[_id]
        for _id in changes.remove:
            del self.docs[_id]
        self.docs |= copy.deepcopy(changes.save)
        return changes

    def range(self, wanted: ListQuery) -> list[Doc]:
        """The first documents of a list."""
        spec = LISTS[wanted.list]
        fields = (*spec.equality_fields, spec.filter_field) if spec.filter_field else spec.equality_fields
        equal = dict(zip(fields, wanted.scope, strict=True))
        names = wanted.only or spec.membership_names
        members = [
            copy.deepcopy(document)
            for document in self.docs.values()
            if all(document.get(field) == value for field, value in equal.items())
            and document.get(spec.by, {}).get("list") in names
        ]
        return sort_documents(members, spec.order)[: wanted.limit]

    def dashboard(self, business: str, owner: str, now: str, today: str) -> Doc | None:
        """The dashboard at a served timestamp and a date of the business, without `as_of`."""
        known = self.docs.get(f"{business}/{owner}")
        if known is None or not known["shown"]:
            return None
        for field in customer.incomplete_lists(known, now, today):
            name, entry = customer.REFILL_SOURCES[field]
            whole = self.range(ListQuery(name, for_customer(business, owner), len(self.docs)))
            known = known | {field: [entry(found) for found in whole]}
        return customer.dashboard(known, now, today)
