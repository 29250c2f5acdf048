"""The quarantine as operators see it: what is in it by error and by lane, and each dead letter by its name."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Literal, NamedTuple

from read_models.documents import Doc
from read_models.store.mongo import Database, translate_errors
from read_models.store.quarantine.dead_letters import HOLDS, UNREADABLE, WAITING, LogPosition

Kind = Literal["unreadable", "held"]

MOST_ERRORS = 200
"""Kinds of errors that are counted apart: the most frequent ones."""


class ErrorCount(NamedTuple):
    """Number of occurrences of an error, and where."""

    kind: Kind
    error: str
    number: int
    by_lane: Mapping[int, int]
    first_at: datetime
    last_at: datetime


class DeadLetter(NamedTuple):
    """A dead letter: a record that cannot be read, or a customer that is held, mostly by an event."""

    id: str
    """Its place, `visits-3-1042`; of a hold without an event its owner, `biz~cus`."""
    kind: Kind
    error: str
    """Why; quotes nothing of the record."""
    business: str | None
    customer: str | None
    lane: int
    position: LogPosition | None
    at: datetime
    """When the record was found, or when the hold began."""
    waiting: int
    """Records that wait behind it."""
    generations: Sequence[int]
    record: Doc | None
    """Of an unreadable one that was asked for by name: `key`, `headers`, `value`, `size`, `sha256`, `timestamp`."""

    @property
    def owner(self) -> str | None:
        """Whom a hold holds, or the customer that an unreadable record's key names."""
        return owner_key(self.business, self.customer) if self.kind == "held" or self.customer else None


def owner_key(business: str | None, customer: str | None) -> str | None:
    """`biz/cus` or `biz`; None where there is no business."""
    return f"{business}/{customer}" if customer else business


SAME_EVENT = {"owner": "$owner", "topic": "$topic", "lane": "$lane", "offset": "$offset"}
ONE_BY_ONE: Sequence[Doc] = (
    {
        "$group": {
            "_id": SAME_EVENT,
            "reason": {"$first": "$reason"},
            "business": {"$first": "$business"},
            "customer": {"$first": "$customer"},
            "at": {"$min": "$since"},
            "generations": {"$addToSet": "$generation"},
        }
    },
    {"$set": {"lane": "$_id.lane", "topic": "$_id.topic", "offset": "$_id.offset", "owner": "$_id.owner"}},
)
"""The holds of all generations, those by the same event as one."""
BY_ERROR: Sequence[Doc] = (
    {
        "$group": {
            "_id": {"reason": "$reason", "lane": "$lane"},
            "count": {"$sum": 1},
            "first": {"$min": "$at"},
            "last": {"$max": "$at"},
        }
    },
    {
        "$group": {
            "_id": "$_id.reason",
            "count": {"$sum": "$count"},
            "lanes": {"$push": {"lane": "$_id.lane", "count": "$count"}},
            "first": {"$min": "$first"},
            "last": {"$max": "$last"},
        }
    },
    {"$sort": {"count": -1, "_id": 1}},
    {"$limit": MOST_ERRORS},
)


class DeadLetterQueries:
    """Reads the quarantine of an installation; every call raises `StoreUnavailable` when MongoDB does not answer."""

    def __init__(self, database: Database) -> None:
        """Nothing is asked of the server yet."""
        self._unreadable = database[UNREADABLE]
        self._holds = database[HOLDS]
        self._waiting = database[WAITING]

    async def errors(self) -> list[ErrorCount]:
        """Return what is wrong, the most frequent first."""
        with translate_errors():
            unreadable = await self._unreadable.aggregate(list(BY_ERROR)).to_list(None)
            held = await self._holds.aggregate([*ONE_BY_ONE, *BY_ERROR]).to_list(None)
        counts = [_count("unreadable", one) for one in unreadable] + [_count("held", one) for one in held]
        return sorted(counts, key=lambda one: (-one.number, one.kind, one.error))

    async def latest(self, limit: int, error: str | None = None, lane: int | None = None) -> list[DeadLetter]:
        """Return the latest dead letters, latest first; of one error and one lane, if these are given."""
        wanted = {name: value for name, value in (("reason", error), ("lane", lane)) if value is not None}
        shown: list[Doc] = [{"$match": wanted}, {"$sort": {"at": -1, "_id": 1}}, {"$limit": limit}]
        with translate_errors():
            without = {"$project": {"value": 0, "headers": 0, "key": 0}}
            unreadable = await self._unreadable.aggregate([*shown, without]).to_list(None)
            held = await self._holds.aggregate([*ONE_BY_ONE, *shown]).to_list(None)
        letters = [_letter("unreadable", one, 0) for one in unreadable] + await self._with_waiting(held)
        return sorted(letters, key=lambda one: (-one.at.timestamp(), one.id))[:limit]

    async def find(self, name: str) -> list[DeadLetter]:
        """Return the dead letters of a name: one, none, or more where generations are held for more than one reason."""
        position, owner = parse_id(name)
        if position is not None:
            place = position._asdict()
        elif owner is not None:
            place = {"owner": owner, "offset": None}
        else:
            return []
        with translate_errors():
            unreadable = position and await self._unreadable.find_one({"_id": position.id})
            held = await self._holds.aggregate([{"$match": place}, *ONE_BY_ONE]).to_list(None)
        found = [_letter("unreadable", unreadable, 0)] if unreadable else []
        return found + await self._with_waiting(held)

    async def _with_waiting(self, held: Sequence[Doc]) -> list[DeadLetter]:
        owners = [{"$match": {"$or": [_owner(one) for one in held]}}]
        each = {"$group": {"_id": {"owner": "$owner", "in": "$generation"}, "count": {"$sum": 1}}}
        most = {"$group": {"_id": "$_id.owner", "count": {"$max": "$count"}}}
        with translate_errors():
            found = await self._waiting.aggregate([*owners, each, most]).to_list(None) if held else []
        waiting = {one["_id"]: one["count"] for one in found}
        return [_letter("held", one, waiting.get(one["owner"], 0)) for one in held]


def parse_id(name: str) -> tuple[LogPosition | None, str | None]:
    """Return the place or else the owner that the name of a dead letter stands for; None and None when it is no
    name."""
    if "~" in name:
        business, _, customer = name.partition("~")
        return None, owner_key(business or None, customer)
    parts = name.rsplit("-", 2)
    if len(parts) != 3 or not all(part.isascii() and part.isdigit() and len(part) < 19 for part in parts[1:]):
        return None, None
    return LogPosition(parts[0], int(parts[1]), int(parts[2])), None


def _owner(held: Doc) -> dict[str, Any]:
    return {"business": held["business"], "customer": held["customer"]}


def _count(kind: Kind, found: Doc) -> ErrorCount:
    by_lane = {one["lane"]: one["count"] for one in sorted(found["lanes"], key=lambda one: int(one["lane"]))}
    return ErrorCount(kind, found["_id"], found["count"], by_lane, found["first"], found["last"])


def _letter(kind: Kind, found: Doc, waiting: int) -> DeadLetter:
    position = None if found["offset"] is None else LogPosition.of(found)
    record: Doc = {
        name: found[name]
        for name in ("key", "headers", "value", "size", "sha256", "timestamp")
        if name in found
    }
    return DeadLetter(
        id=position.id if position else f"{found['business']}~{found['customer'] or ''}",
        kind=kind,
        error=found["reason"],
        business=found["business"],
        customer=found["customer"],
        lane=found["lane"],
        position=position,
        at=found["at"],
        waiting=waiting,
        generations=sorted(found["generations"]),
        record=record if "value" in record else None,
    )
