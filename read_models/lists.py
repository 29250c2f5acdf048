"""Every list that is read by index: what is in it, and in which order (VIEWS.md).

The store makes one index of each, and answers a range of it with one query. In memory the same order is given by
`precedes`.
"""

from collections.abc import Mapping
from typing import Any, NamedTuple

from read_models.documents import Doc

Order = tuple[tuple[str, int], ...]


class List(NamedTuple):
    """A list: the fields a range of it names, its order (1 ascending, -1 descending), and what is in it at all.

    Nested fields are dotted. `where` is the constant part of the filter and the filter of the partial index.
    """

    equal: tuple[str, ...]
    order: Order
    where: Mapping[str, Any]


OWNER = ("business", "customer")
SOONEST: Order = (("window.start", 1), ("id", 1))
LATEST: Order = (("window.start", -1), ("id", 1))

LISTS: Mapping[str, List] = {
    "business_by_slug": List(("slug",), (("slug_claimed_at", 1), ("id", 1)), {"kind": "business"}),
    "business_by_host": List(
        ("portal_host",),
        (("host_claimed_at", 1), ("id", 1)),
        {"kind": "business", "portal_host": {"$type": "string"}},
    ),
    "customers_by_email": List(
        ("business", "sign_in"), (("id", 1),), {"kind": "customer", "sign_in": {"$exists": True}}
    ),
    "open_visits": List(OWNER, SOONEST, {"phase": "open"}),
    "past_visits": List((*OWNER, "status"), LATEST, {"phase": "past"}),
    "contract_open_visits": List((*OWNER, "contract_id"), SOONEST, {"phase": "open"}),
    "contract_past_visits": List((*OWNER, "contract_id"), LATEST, {"phase": "past"}),
    "subscription_open_visits": List((*OWNER, "subscription_id"), SOONEST, {"phase": "open"}),
    "contract_months": List((*OWNER, "contract_id"), (("month", -1), ("id", 1)), {"kind": "month"}),
    "open_invoices": List(OWNER, (("due_on", 1), ("number", 1), ("id", 1)), {"open": True}),
    "invoices": List((*OWNER, "status"), (("issued_on", -1), ("id", 1)), {"kind": "invoice", "shown": True}),
    "payments": List(OWNER, (("at", -1), ("id", 1)), {"kind": "payment", "shown": True}),
    "subscriptions": List(OWNER, (("plan.name", 1), ("id", 1)), {"kind": "subscription", "shown": True}),
    "contracts": List(OWNER, (("starts_on", -1), ("id", 1)), {"kind": "contract", "shown": True}),
    "current_contracts": List(OWNER, (("starts_on", -1), ("id", 1)), {"kind": "contract", "current": True}),
    "touched": List(OWNER, (("touched", -1), ("id", 1)), {"touched": {"$exists": True}}),
}


class Range(NamedTuple):
    """The first `limit` documents of a list.

    `scope` holds the values of its `equal` fields, a tuple where any of several will do. `after` are the values of
    the order's fields of the document behind which the range begins.
    """

    list: str
    scope: tuple[str | tuple[str, ...], ...]
    limit: int
    after: tuple[Any, ...] = ()


def selection(wanted: Range) -> Doc:
    """The filter of a range, in MongoDB's terms; it is bounded by the list's index."""
    spec = LISTS[wanted.list]
    chosen: Doc = dict(spec.where)
    for field, value in zip(spec.equal, wanted.scope, strict=True):
        chosen[field] = {"$in": list(value)} if isinstance(value, tuple) else value
    if wanted.after:
        last = list(zip(spec.order, wanted.after, strict=True))
        (first, direction), value = last[0]
        # The bound of the index; which of those equal to it come later is told by the rest.
        chosen[first] = {"$gte" if direction > 0 else "$lte": value}
        chosen["$or"] = [
            {name: known for (name, _), known in last[:place]} | {field: {"$gt" if way > 0 else "$lt": known}}
            for place, ((field, way), known) in enumerate(last)
        ]
    return chosen


def at(document: Doc, field: str) -> Any:
    """The value of a field, dotted or not."""
    value: Any = document
    for name in field.split("."):
        value = value[name]
    return value


def precedes(one: Doc, other: Doc, order: Order) -> bool:
    """Whether `one` comes before `other`."""
    for field, direction in order:
        mine, its = at(one, field), at(other, field)
        if mine != its:
            return bool(mine < its) == (direction > 0)
    return False


def arranged(documents: list[Doc], order: Order) -> list[Doc]:
    """The documents in order."""
    for field, direction in reversed(order):
        documents = sorted(documents, key=lambda document: at(document, field), reverse=direction < 0)
    return documents
