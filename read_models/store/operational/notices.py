"""Notices for operators that no record in the log carries, such as missing files."""

from collections.abc import Collection as Names
from datetime import datetime
from typing import ClassVar, NamedTuple

from pymongo import ASCENDING, DESCENDING, IndexModel

from read_models.store.operational.collection import MongoCollection


class Notice(NamedTuple):
    """Something to be seen to (docs/contracts/api.md, Staff surface)."""

    kind: str
    business: str
    subject: str
    """What it is about, unique within its kind and business."""
    at: datetime
    """When it was last seen."""
    detail: str
    """In words, for operators only."""


class Notices:
    """At most one notice per kind, business and subject."""

    INDEXES: ClassVar[list[IndexModel]] = [
        IndexModel([("at", DESCENDING)], name="latest"),
        IndexModel([("business", ASCENDING), ("customer", ASCENDING)], name="owner"),
    ]

    def __init__(self, collection: MongoCollection) -> None:
        self.collection = collection

    async def put(self, notice: Notice, customer: str | None) -> None:
        """Keep a notice in place of the one before; `customer` is whom it has to do with, if with one."""
        id_ = _id(notice.kind, notice.business, notice.subject)
        document = {"_id": id_, "customer": customer, **notice._asdict()}
        await self.collection.upsert_pipeline(id_, [{"$replaceWith": {"$literal": document}}])

    async def latest(self, limit: int) -> list[Notice]:
        """Return those seen last, the latest first."""
        found = await self.collection.find({}, [("at", DESCENDING), ("_id", ASCENDING)], limit)
        return [Notice(*(document[name] for name in Notice._fields)) for document in found]

    async def settle(self, business: str, subject: str, kinds: Names[str]) -> None:
        """Remove notices that there is no cause for any more."""
        await self.collection.delete({"_id": {"$in": [_id(kind, business, subject) for kind in kinds]}})

    async def erase(self, business: str, customer: str) -> None:
        """Remove all that have to do with a customer."""
        await self.collection.delete({"business": business, "customer": customer})


def _id(kind: str, business: str, subject: str) -> str:
    return f"{kind}/{business}/{subject}"
