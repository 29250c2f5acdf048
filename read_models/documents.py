"""Shared parts of all documents: ids, the sequence guard, the activity log, conversions.

A document is a plain dict, stored as it is. Timestamps are texts `YYYY-MM-DDTHH:MM:SS.mmmZ`, dates `YYYY-MM-DD`, money
an int in minor units beside its currency: all sort as they lie and are served as they lie.
"""

from datetime import UTC, datetime
from typing import Any, NewType

from events.envelope import Event

Doc = dict[str, Any]

DocumentId = NewType("DocumentId", str)
"""An `_id`. Reads take no other text, and only those below make one: of business and customer."""

ACTIVITY_LIMIT = 50
"""Entries a document's log keeps: as many as the customer's activity shows (docs/contracts/views.md, Activity)."""


def owner_id(business: str, customer: str) -> DocumentId:
    """Return the `_id` of a customer's dashboard, which is also the key of the customer's records in the log."""
    return DocumentId(f"{business}/{customer}")


def document_id(business: str, customer: str, kind: str, subject: str) -> DocumentId:
    """Return the `_id` of a customer's document. Holding the customer, it cannot be met by another customer's
    subject."""
    return DocumentId(f"{business}/{customer}/{kind}/{subject}")


def business_id(business: str) -> DocumentId:
    """Return the `_id` of a business's document, which everybody may see."""
    return DocumentId(business)


def new_document(business: str, customer: str, kind: str, subject: str) -> Doc:
    """Return a document of which nothing is known yet: it waits here for its first fact.

    See docs/contracts/views.md, Applying events.
    """
    return {
        "_id": document_id(business, customer, kind, subject),
        "business": business,
        "customer": customer,
        "kind": kind,
        "id": subject,
        "seq": 0,
        "shown": False,
        "log": [],
    }


def append_activity(document: Doc, event: Event, **facts: Any) -> None:
    """Add an event to the document's log: the latest `ACTIVITY_LIMIT` by time, source and id, oldest first.

    `facts` are what the entry's words are made of; what is None is left out. `touched` is the key of the latest
    entry, so that a customer's 50 latest events lie in the 50 documents touched last.
    """
    entry = {"at": event.time, "source": event.source, "id": event.id, "what": f"{event.kind}.{event.fact}"}
    entry.update({name: value for name, value in facts.items() if value is not None})
    log: list[Doc] = document["log"]
    place, key = len(log), activity_sort_key(entry)
    if not log or document["touched"] <= key:
        document["touched"] = key
    else:
        while place and activity_sort_key(log[place - 1]) > key:
            place -= 1
    document["log"] = [*log[:place], entry, *log[place:]][-ACTIVITY_LIMIT:]


def activity_sort_key(entry: Doc) -> str:
    """Return the place of a log entry among the customer's: by time, then source, then id."""
    return f"{entry['at']}\0{entry['source']}\0{entry['id']}"


def parse(timestamp: str) -> datetime:
    """Return a served timestamp as a datetime in UTC."""
    return datetime.fromisoformat(timestamp)


def timestamp(at: datetime) -> str:
    """Return a datetime as it is served: UTC, three decimals (cut), `Z` (docs/contracts/views.md)."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds")[:23] + "Z"


def money(amount: int, currency: str) -> Doc:
    """Return an amount in minor units, as it is served (docs/contracts/api.md)."""
    return {"amount": amount, "currency": currency}


def to_plain(value: Any) -> Any:
    """Return a model of an event as plain data; None stays None."""
    return None if value is None else value.model_dump()
