"""Dead letters: records that cannot be read, kept whole; customers that an event holds, and what waits behind it.

Both are written in the transaction that moves the offsets past them, and belong to no generation's views.
"""

import hashlib
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bson import Binary
from pymongo import DeleteMany, DeleteOne, ReplaceOne, UpdateOne

from events.envelope import Record
from read_models.documents import Doc
from read_models.store.driver import Database, translated

UNREADABLE = "quarantine"
HOLDS = "holds"
WAITING = "waiting"
WHOLE_BYTES = 1024 * 1024
CUT_BYTES = 64 * 1024


class DeadLetter(NamedTuple):
    """A record that cannot be read, and why."""

    record: Record
    topic: str
    reason: str


class Held(NamedTuple):
    """A place in the log that a customer's hold keeps back; `reason` is set on the event that began it."""

    owner: str
    record: Record
    topic: str
    reason: str | None


class Release(NamedTuple):
    """A customer whose hold ends, with all that waits: erased."""

    owner: str


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
        "timestamp": record.timestamp,
        "key": None if record.key is None else Binary(record.key[:CUT_BYTES]),
        "headers": [
            [name[:1000], None if part is None else Binary(part[:CUT_BYTES])]
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

    async def held(self, lanes: Iterable[int]) -> set[str]:
        """The keys (`biz/cus`) of the customers that are held in these lanes."""
        with translated():
            found = self._holds.find({"lane": {"$in": list(lanes)}}, {"_id": 1})
            return {document["_id"] for document in await found.to_list(None)}

    async def held_since(self) -> dict[str, datetime]:
        """When the hold of each held customer began, by key."""
        with translated():
            return {found["_id"]: found["since"] for found in await self._holds.find().to_list(None)}

    async def counts(self) -> tuple[int, int]:
        """How many dead letters there are (unreadable records and holding events), and how many records wait."""
        with translated():
            unreadable = await self._unreadable.count_documents({})
            return unreadable + await self._holds.count_documents({}), await self._waiting.count_documents({})

    async def write(
        self,
        letters: Sequence[DeadLetter],
        held: Sequence[Held],
        released: Sequence[Release],
        now: datetime,
        session: Any,
    ) -> None:
        """Keeps what a batch found, in the session's transaction."""
        kept = [
            ReplaceOne({"_id": place_id(one.topic, one.record)}, _unreadable(one, now), upsert=True)
            for one in letters
        ]
        if kept:
            await self._unreadable.bulk_write(kept, ordered=False, session=session)
        holds: list[Any] = [_hold(one, now) for one in held if one.reason is not None]
        holds += [DeleteOne({"_id": one.owner}) for one in released]
        if holds:
            await self._holds.bulk_write(holds, session=session)
        waiting: list[Any] = [_wait(one) for one in held]
        waiting += [DeleteMany(_owner_fields(one.owner)) for one in released]
        if waiting:
            await self._waiting.bulk_write(waiting, session=session)

    async def erase(self, business: str, customer: str, session: Any) -> None:
        """Removes all dead letters of a customer, in the session's transaction."""
        for collection in (self._unreadable, self._holds, self._waiting):
            await collection.delete_many({"business": business, "customer": customer}, session=session)


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
