"""Every list that is read by index: what is in it, and in which order (docs/contracts/views.md).

An index costs every write, so the lists of a customer share two: a document that is in a list says so in its field `up`
or `down`, `{list, key}`, and lies there by the key, ascending or descending, ties by id. In memory the same order is
given by `precedes`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple, NewType

from read_models.documents import Doc

Order = tuple[tuple[str, int], ...]


class Index(NamedTuple):
    """An index on the views: its keys (1 ascending, -1 descending), and which documents are in it."""

    keys: Order
    where: Mapping[str, Any]


INDEXES: Mapping[str, Index] = {
    "up": Index(
        (("business", 1), ("customer", 1), ("up.list", 1), ("up.key", 1), ("id", 1)),
        {"up": {"$exists": True}},
    ),
    "down": Index(
        (("business", 1), ("customer", 1), ("down.list", 1), ("down.key", -1), ("id", 1)),
        {"down": {"$exists": True}},
    ),
    "touched": Index(
        (("business", 1), ("customer", 1), ("touched", -1), ("id", 1)), {"touched": {"$exists": True}}
    ),
    "slug": Index((("slug", 1), ("slug_claimed_at", 1), ("id", 1)), {"slug": {"$exists": True}}),
    "host": Index((("portal_host", 1), ("host_claimed_at", 1), ("id", 1)), {"slug": {"$exists": True}}),
    "sign_in": Index((("business", 1), ("sign_in", 1), ("id", 1)), {"sign_in": {"$exists": True}}),
}
"""By name. None is unique: the log decides, not the index."""


class IndexedList(NamedTuple):
    """A list: the index it is read by, the fields that a range names, and its order by the fields of its documents.

    `names` are the lists of an `up` or `down` index that it is made of. `narrowed` is a field whose value a range names
    last, and that the index does not hold: such a list is filled from behind a few others.
    """

    by: str
    equality_fields: tuple[str, ...]
    order: Order
    membership_names: tuple[str, ...] = ()
    filter_field: str | None = None


OWNER = ("business", "customer")
SOONEST: Order = (("window.start", 1), ("id", 1))
LATEST: Order = (("window.start", -1), ("id", 1))
PAST = ("visits/completed", "visits/missed", "visits/cancelled")
INVOICES = ("invoices/open", "invoices/paid", "invoices/void")
CONTRACTS = ("contracts/active", "contracts/ended")
LATEST_STARTED: Order = (("starts_on", -1), ("id", 1))

LISTS: Mapping[str, IndexedList] = {
    "business_by_slug": IndexedList("slug", ("slug",), ()),
    "business_by_host": IndexedList("host", ("portal_host",), ()),
    "customers_by_email": IndexedList("sign_in", ("business", "sign_in"), ()),
    "open_visits": IndexedList("up", OWNER, SOONEST, ("visits/open",)),
    "past_visits": IndexedList("down", OWNER, LATEST, PAST),
    "completed_visits": IndexedList("down", OWNER, LATEST, PAST[:1]),
    "contract_open_visits": IndexedList("up", OWNER, SOONEST, ("visits/open",), "contract_id"),
    "contract_past_visits": IndexedList("down", OWNER, LATEST, PAST, "contract_id"),
    "subscription_open_visits": IndexedList("up", OWNER, SOONEST, ("visits/open",), "subscription_id"),
    "contract_months": IndexedList("down", OWNER, (("month", -1), ("id", 1)), ("months",), "contract_id"),
    "open_invoices": IndexedList("up", OWNER, (("due_on", 1), ("number", 1), ("id", 1)), ("invoices/open",)),
    "invoices": IndexedList("down", OWNER, (("issued_on", -1), ("id", 1)), INVOICES),
    "payments": IndexedList("down", OWNER, (("at", -1), ("id", 1)), ("payments",)),
    "subscriptions": IndexedList("up", OWNER, (("plan.name", 1), ("id", 1)), ("subscriptions",)),
    "contracts": IndexedList("down", OWNER, LATEST_STARTED, CONTRACTS),
    "current_contracts": IndexedList("down", OWNER, LATEST_STARTED, CONTRACTS[:1]),
    "touched": IndexedList("touched", OWNER, (("touched", -1), ("id", 1))),
}


QueryScope = NewType("QueryScope", tuple[str, ...])
"""Whose list a range is of. No range is without it, and it is only made by the three functions below."""


def for_customer(business: str, customer: str, *narrowed: str) -> QueryScope:
    """Return a customer's; of a list that is narrowed, what belongs to one record of the customer's."""
    return QueryScope((business, customer, *narrowed))


def for_email(business: str, address: str) -> QueryScope:
    """Return the customers' of a business who hold an address."""
    return QueryScope((business, address))


def for_claim(name: str) -> QueryScope:
    """Return the businesses' who claim a slug or a host."""
    return QueryScope((name,))


class ListQuery(NamedTuple):
    """The first `limit` documents of a list.

    `scope` holds the values of its `equal` fields and, where it is narrowed, of that field. `only` names some of its
    `names`, where not all are wanted. `after` are the key and the id of the document behind which the range begins.
    `where` leaves out more: a filter in MongoDB's terms, only for readers, as no batch can be laid over it.
    """

    list: str
    scope: QueryScope
    limit: int
    only: tuple[str, ...] = ()
    after: tuple[str, str] | None = None
    where: Mapping[str, Any] | None = None


def set_list_membership(
    document: Doc, *, up: tuple[str, str] | None = None, down: tuple[str, str] | None = None
) -> None:
    """Put a document into a list of each index, by name and key, or take it out."""
    for index, place in (("up", up), ("down", down)):
        if place:
            document[index] = {"list": place[0], "key": place[1]}
        else:
            document.pop(index, None)


def to_mongo_query(wanted: ListQuery) -> tuple[Doc, Order]:
    """Return the filter and the sort of a range, in MongoDB's terms; both are answered by the list's index."""
    spec = LISTS[wanted.list]
    index = INDEXES[spec.by]
    narrowed = (spec.filter_field,) if spec.filter_field else ()
    chosen: Doc = {**index.where, **dict(zip((*spec.equality_fields, *narrowed), wanted.scope, strict=True))}
    bound = len(spec.equality_fields)
    if spec.membership_names:
        chosen[f"{spec.by}.list"] = {"$in": list(wanted.only or spec.membership_names)}
        bound += 1
    sort = index.keys[bound:]
    if wanted.after:
        (field, direction), (key, last_id) = sort[0], wanted.after
        # The bound of the index; which of those with the same key come later is told by the rest.
        chosen[field] = {"$gte" if direction > 0 else "$lte": key}
        chosen["$or"] = [{field: {"$ne": key}}, {"id": {"$gt": last_id}}]
    if wanted.where:
        chosen["$and"] = [wanted.where]
    return chosen, sort


def get_path(document: Doc, field: str) -> Any:
    """Return the value of a field, dotted or not."""
    value: Any = document
    for name in field.split("."):
        value = value[name]
    return value


def precedes(one: Doc, other: Doc, order: Order) -> bool:
    """Return whether `one` comes before `other`."""
    for field, direction in order:
        mine, its = get_path(one, field), get_path(other, field)
        if mine != its:
            return bool(mine < its) == (direction > 0)
    return False


def sort_documents(documents: list[Doc], order: Order) -> list[Doc]:
    """Return the documents in order."""
    for field, direction in reversed(order):
        documents = sorted(documents, key=lambda document: get_path(document, field), reverse=direction < 0)
    return documents
