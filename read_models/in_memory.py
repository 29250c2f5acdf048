"""Documents made from nothing: what a log comes to, in memory, for those who compare views with it or fill them."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from events.envelope import Event
from read_models.documents import Doc
from read_models.indexed_lists import LISTS, ListQuery, sort_documents
from read_models.projection import fold
from read_models.working_set import LoadedDocuments


def owner_of_document(_id: str) -> str:
    """Return whose a document is, by its `_id`: `biz/cus` or, of a business, `biz`."""
    return "/".join(_id.split("/", 2)[:2])


class InMemoryProjection:
    """Folds events that begin at the beginning; takes as much memory as the documents it makes."""

    def __init__(self) -> None:
        self._owners: dict[str, dict[str, Doc]] = {}

    @property
    def owners(self) -> Iterable[str]:
        """Owners that have documents."""
        return self._owners.keys()

    def documents_of(self, owner: str) -> Mapping[str, Doc]:
        """Return an owner's documents by `_id`."""
        return self._owners.get(owner, {})

    def apply(self, events: Sequence[Event]) -> None:
        """Folds events, given in the order of their topics; what a fold raises is raised, and nothing has changed."""
        folding = fold(events, {})
        answer: Any = None
        try:
            while True:
                need = folding.send(answer)
                # A fold changes the fields of what it is given, and replaces their values.
                found = {_id: dict(known) for _id in need.ids if (known := self._find(_id)) is not None}
                answer = LoadedDocuments(found, {wanted: self._range(wanted) for wanted in need.ranges})
        except StopIteration as end:
            changes = end.value
        for business, customer in changes.erase:
            self._owners.pop(f"{business}/{customer}", None)
        for _id in changes.remove:
            self._owners.get(owner_of_document(_id), {}).pop(_id, None)
        for _id, document in changes.save.items():
            self._owners.setdefault(owner_of_document(_id), {})[_id] = document

    def _find(self, _id: str) -> Doc | None:
        return self._owners.get(owner_of_document(_id), {}).get(_id)

    def _range(self, wanted: ListQuery) -> list[Doc]:
        """Return the first documents of a customer's list, as `Views.range` finds them."""
        spec = LISTS[wanted.list]
        names = wanted.only or spec.membership_names
        members = [
            document
            for document in self.documents_of("/".join(wanted.scope[:2])).values()
            if document.get(spec.by, {}).get("list") in names
            and (spec.filter_field is None or document.get(spec.filter_field) == wanted.scope[-1])
        ]
        return [dict(document) for document in sort_documents(members, spec.order)[: wanted.limit]]
