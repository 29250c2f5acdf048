"""A short list inside a parent document: exactly the first few members of a list, and how many there are in all.

A member that leaves a list which does not hold them all leaves a place that no fold can fill, knowing only the parent:
then `apply_changes` says so, and the list is filled from a range of the index, overlaid with what is not saved yet.
"""

from collections.abc import Callable, Iterable, Sequence
from typing import NamedTuple

from read_models.documents import Doc
from read_models.indexed_lists import LISTS, ListQuery, QueryScope, precedes, sort_documents


class EmbeddedList(NamedTuple):
    """Specification of a bounded list in a parent document.

    `parent` is a kind of document, `reference` the member's field that names it (None: the customer's dashboard).
    The entries lie in the parent's `field`, their number in all in `<field>_count`. `scope` gives the values, by
    the parent, of the list's `equal` fields.
    """

    parent: str
    reference: str | None
    field: str
    limit: int
    list: str
    scope: Callable[[Doc], QueryScope]
    member: Callable[[Doc], bool]
    entry: Callable[[Doc], Doc]


class MembershipChange(NamedTuple):
    """A member that came, changed or left."""

    was_member: bool
    document: Doc


def apply_changes(parent: Doc, spec: EmbeddedList, moves: Sequence[MembershipChange]) -> bool:
    """Bring the parent's list up to date with members that came, changed or left; True: it has to be filled."""
    order = LISTS[spec.list].order
    before: list[Doc] = parent[spec.field]
    count: int = parent[f"{spec.field}_count"]
    members = [document for _, document in moves if spec.member(document)]
    after = count + len(members) - sum(was_member for was_member, _ in moves)
    if before:
        moved = {document["id"] for _, document in moves}
        if len(before) < count:
            # Of what is not in the list only this is known: it comes after the last one that is.
            members = [document for document in members if precedes(document, before[-1], order)]
        before = [entry for entry in before if entry["id"] not in moved]
    entries = before + [spec.entry(document) for document in sort_documents(members, order)[: spec.limit]]
    if before:
        entries = sort_documents(entries, order)[: spec.limit]
    parent[spec.field] = entries
    parent[f"{spec.field}_count"] = after
    return len(entries) < min(spec.limit, after)


def refill_query(parent: Doc, spec: EmbeddedList, unsaved: int) -> ListQuery:
    """Return the range that fills a list again; `unsaved` is how many of the members read may be out of date."""
    return ListQuery(spec.list, spec.scope(parent), spec.limit + unsaved)


def refill(parent: Doc, spec: EmbeddedList, read: Iterable[Doc], unsaved: Iterable[Doc]) -> None:
    """Make the list anew of the documents read and of those which are not saved yet."""
    members = {document["id"]: document for document in read}
    for document in unsaved:
        members.pop(document["id"], None)
        if spec.member(document):
            members[document["id"]] = document
    entries = sort_documents([spec.entry(document) for document in members.values()], LISTS[spec.list].order)
    parent[spec.field] = entries[: spec.limit]
