"""Dead letters: records that cannot be read, kept whole; customers that an event holds, and what waits behind it.

Both are written in the transaction that moves the offsets past them, and belong to no generation's views.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bson import Binary
from pymongo import ReplaceOne, UpdateOne

from events.envelope import Record
from read_models.documents import Doc
from read_models.store.driver import Database, translated

UNREADABLE = "quarantine"
HOLDS = "holds"
WAITING = "waiting"
COLLECTIONS = (UNREADABLE, HOLDS, WAITING)
"""All of them: their documents have `business` and `customer`, by which erasure deletes."""

WHOLE_BYTES = 1024 * 1024
CUT_BYTES = 64 * 1024
LATEST_MS = 2**53 - 1
"""Timestamps beyond are no times, and more than the database holds."""


class DeadLetter(NamedTuple):
    """A record that cannot be read, and why."""

    record: Record
    topic: str
    reason: str


class Held(NamedTuple):
    """A record that a customer's hold keeps back; `reason` is set on the one that begins the hold."""

    owner: str
    record: Record
    topic: str
    reason: str | None


def place_id(topic: str, record: Record) -> str:
    """The `_id` of a place in the log, so that reading it again keeps it once."""
    return f"{topic}/{record.partition}/{record.offset}"


def owner_of(key: bytes | None) -> tuple[str | None, str | None]:
    """The business and customer that a record's key names, None where it names nobody."""
    try:
        parts = key.decode().split("/") if key else []
    except UnicodeDecodeError:
        return None, None
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else (None, None)


def _place(topic: str, record: Record) -> Doc:
    return {"_id": place_id(topic, record), "lane": record.partition, "topic": topic, "offset": record.offset}


def _unreadable(letter: DeadLetter, now: datetime) -> Doc:
    record, value = letter.record, letter.record.value
    business, customer = owner_of(record.key)
    size = len(value or b"")
    kept = value if size <= WHOLE_BYTES else (value or b"")[:CUT_BYTES]
    return _place(letter.topic, record) | {
        "business": business,
        "customer": customer,
        "timestamp": max(-LATEST_MS, min(record.timestamp, LATEST_MS)),
        "key": None if record.key is None else Binary(record.key[:CUT_BYTES]),
        "headers": [
            [name[:1000], None if part is None else Binary(part[:1000])]
            for name, part in record.headers[:100]
        ],
        "value": None if kept is None else Binary(kept),
        "size": size,
        "sha256": None if value is None else hashlib.sha256(value).hexdigest(),
        "reason": letter.reason,
        "at": now,
    }


class DeadLetters:
    """The quarantine of an installation."""

    def __init__(self, database: Database) -> None:
        """Nothing is asked of the server yet."""
        self._unreadable = database[UNREADABLE]
        self._holds = database[HOLDS]
        self._waiting = database[WAITING]

    async def create(self) -> None:
        """Makes the indexes; harmless when they exist."""
        with translated():
            for collection in (self._unreadable, self._waiting, self._holds):
                await collection.create_index([("business", 1), ("customer", 1)])
                await collection.create_index("lane")

    async def held(self, lanes: Iterable[int], session: Any = None) -> set[str]:
        """The keys (`biz/cus`) of the customers that are held in these lanes."""
        with translated():
            found = self._holds.find({"lane": {"$in": list(lanes)}}, {"_id": 1}, session=session)
            return {document["_id"] for document in await found.to_list(None)}

    async def held_since(self) -> dict[str, datetime]:
        """When the hold of each held customer began, by key."""
        with translated():
            return {found["_id"]: found["since"] for found in await self._holds.find().to_list(None)}

    async def counts(self) -> tuple[int, int]:
        """How many dead letters there are, unreadable records and events that hold, and how many records wait."""
        with translated():
            unreadable = await self._unreadable.count_documents({})
            return unreadable + await self._holds.count_documents({}), await self._waiting.count_documents({})

    async def write(
        self,
        letters: Sequence[DeadLetter],
        held: Sequence[Held],
        now: datetime,
        session: Any,
    ) -> None:
        """Keeps what a batch found, in the session's transaction."""
        if kept := [
            ReplaceOne({"_id": place_id(one.topic, one.record)}, _unreadable(one, now), upsert=True)
            for one in letters
        ]:
            await self._unreadable.bulk_write(kept, ordered=False, session=session)
        if holds := [_hold(one, now) for one in held if one.reason is not None]:
            await self._holds.bulk_write(holds, ordered=False, session=session)
        if waiting := [_wait(one) for one in held if one.reason is None]:
            await self._waiting.bulk_write(waiting, ordered=False, session=session)


def _owner_fields(owner: str) -> Doc:
    business, _, customer = owner.partition("/")
    return {"business": business, "customer": customer or None}


def _hold(one: Held, now: datetime) -> UpdateOne:
    fields = _owner_fields(one.owner) | {"lane": one.record.partition, "since": now, "reason": one.reason}
    fields |= {"topic": one.topic, "offset": one.record.offset}
    return UpdateOne({"_id": one.owner}, {"$setOnInsert": fields}, upsert=True)


def _wait(one: Held) -> "ReplaceOne[Doc]":
    place = _place(one.topic, one.record) | _owner_fields(one.owner)
    return ReplaceOne({"_id": place["_id"]}, place, upsert=True)
