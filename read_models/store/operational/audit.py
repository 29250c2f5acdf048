"""Audit log of operators: append-only, except that erasure removes the words written about a customer."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from pymongo import ASCENDING, DESCENDING, IndexModel

from read_models.masking import mask_emails
from read_models.store.operational.collection import MongoCollection

LONGEST_DETAIL = 1000


class AuditEntry(NamedTuple):
    """Something an operator did."""

    by: str
    """Who: `staff:NAME`, or `cli:NAME` with the name of the operating system's user."""
    action: str
    """What, as `<kind>.<verb>`: generation.promote, dead_letter.discard, session.started …"""
    about: str
    """To what, by its id: a generation's number, `biz/cus`, a place in the log; "" where that says nothing."""
    detail: str | None
    """The reason that was given, say; with e-mail addresses masked. None of an erased customer."""
    at: datetime

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return the action that a document of the collection is."""
        return cls(*(document[name] for name in cls._fields))


class AuditLog:
    """Every operator action, in the order it was taken."""

    INDEXES: ClassVar[list[IndexModel]] = [
        IndexModel([("at", DESCENDING)], name="latest"),
        IndexModel([("business", ASCENDING), ("customer", ASCENDING)], name="owner"),
    ]

    def __init__(self, collection: MongoCollection) -> None:
        self.collection = collection

    async def note(
        self,
        by: str,
        action: str,
        about: str,
        detail: str | None,
        at: datetime,
        *,
        owner: tuple[str | None, str | None] = (None, None),
        session: Any = None,
    ) -> None:
        """Keep an action; contact data and secrets do not belong into `detail`.

        `owner` are the ids of the business and the customer that `detail` is about, if it is about one: erasure empties
        it then. With the `session` of a transaction, what was done and the note of it are kept both or not at all.
        Raises `StoreUnavailable`.
        """
        business, customer = owner
        words = None if detail is None else mask_emails(detail)[:LONGEST_DETAIL]
        noted = AuditEntry(by, action, about, words, at)._asdict()
        await self.collection.insert({**noted, "business": business, "customer": customer}, session)

    async def latest(self, limit: int) -> list[AuditEntry]:
        """Return the last actions, the latest first."""
        found = await self.collection.find({}, [("at", DESCENDING), ("_id", DESCENDING)], limit)
        return [AuditEntry.of(document) for document in found]
