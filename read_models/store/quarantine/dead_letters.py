"""Dead letters: records that cannot be read, kept whole; customers that an event holds, and what waits behind it.

All are written in the transaction that moves the offsets past them, and say in which generations they are: a letter in
its list `generations`, holds and what waits one by one, as the same customer may be held at another place in each.
"""

import hashlib
from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from typing import Any, NamedTuple

from bson import Binary
from pymongo import UpdateOne

from events.envelope import Record
from read_models.documents import Doc, owner_id
from read_models.store.mongo import Database, translate_errors
from read_models.store.views import ViewCollection

UNREADABLE = "quarantine"
HOLDS = "holds"
WAITING = "waiting"
COLLECTIONS = (UNREADABLE, HOLDS, WAITING)
"""All of them: their documents have `business` and `customer`, by which erasure deletes."""

WHOLE_BYTES = 1024 * 1024
CUT_BYTES = 64 * 1024
LATEST_MS = 2**53 - 1
"""Timestamps beyond are no times, and more than the database holds."""


class LogPosition(NamedTuple):
    """A place in the log: topic without prefix, lane, offset."""

    topic: str
    lane: int
    offset: int

    @property
    def id(self) -> str:
        """The place as one word, which is the name of the dead letter there: `visits-3-1042`."""
        return f"{self.topic}-{self.lane}-{self.offset}"

    @classmethod
    def of(cls, stored: Doc) -> "LogPosition":
        """Return that of a document that has one."""
        return cls(stored["topic"], stored["lane"], stored["offset"])


class UnreadableRecord(NamedTuple):
    """A record that cannot be read, and why."""

    record: Record
    topic: str
    reason: str


class BlockedRecord(NamedTuple):
    """A record that a customer's hold keeps back; `reason` is set on the one that begins the hold."""

    owner: str
    record: Record
    topic: str
    reason: str | None


BLOCKED_ELSEWHERE_REASON = "held in another generation that is kept"
"""Why an owner is held in a generation where no event holds it: what waits in one waits in all."""


def owner_of(key: bytes | None) -> tuple[str | None, str | None]:
    """Return the business and customer that a record's key names, None where it names nobody."""
    try:
        parts = key.decode().split("/") if key else []
    except UnicodeDecodeError:
        return None, None
    return (parts[0], parts[1]) if len(parts) == 2 and all(parts) else (None, None)


def _position(topic: str, record: Record) -> LogPosition:
    return LogPosition(topic, record.partition, record.offset)


def owned_by(owner: str) -> Doc:
    """Return the fields that name an owner, `biz/cus` or `biz`, in these collections."""
    business, _, customer = owner.partition("/")
    return {"business": business, "customer": customer or None}


def hold_id(generation: int, owner: str) -> str:
    """Return the `_id` of an owner's hold in a generation."""
    return f"{generation}/{owner}"


def _unreadable(letter: UnreadableRecord, now: datetime) -> Doc:
    record, value = letter.record, letter.record.value
    business, customer = owner_of(record.key)
    size = len(value or b"")
    kept = value if size <= WHOLE_BYTES else (value or b"")[:CUT_BYTES]
    return _position(letter.topic, record)._asdict() | {
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
    """The quarantine of an installation, as those write and ask it who apply records."""

    def __init__(self, database: Database) -> None:
        """Nothing is asked of the server yet."""
        self._unreadable = database[UNREADABLE]
        self._holds = database[HOLDS]
        self._waiting = database[WAITING]

    async def create(self) -> None:
        """Make the indexes; harmless when they exist."""
        owner = [("business", 1), ("customer", 1)]
        with translate_errors():
            for collection in (self._unreadable, self._waiting, self._holds):
                await collection.create_index("lane")
            for collection in (self._unreadable, self._holds):
                await collection.create_index(owner)
            await self._waiting.create_index([*owner, ("generation", 1), ("topic", 1), ("offset", 1)])

    async def held(self, generations: Collection[int], lanes: Iterable[int], session: Any = None) -> set[str]:
        """Return the owners (`biz/cus`, `biz`) that are held in these lanes, in any of these generations."""
        wanted = {"lane": {"$in": list(lanes)}, "generation": {"$in": list(generations)}}
        with translate_errors():
            found = self._holds.find(wanted, {"owner": 1}, session=session)
            return {hold["owner"] for hold in await found.to_list(None)}

    async def held_since(self, generation: int) -> dict[str, datetime]:
        """Return when the hold of each owner that is held in a generation began."""
        with translate_errors():
            holds = self._holds.find({"generation": generation}, {"owner": 1, "since": 1})
            return {found["owner"]: found["since"] for found in await holds.to_list(None)}

    async def counts(self, generation: int) -> tuple[int, int]:
        """Return how many dead letters a generation has, unreadable records and events that hold, and what waits."""
        with translate_errors():
            unreadable = await self._unreadable.count_documents({"generations": generation})
            events = {"generation": generation, "offset": {"$ne": None}}
            holding = await self._holds.count_documents(events)
            return unreadable + holding, await self._waiting.count_documents({"generation": generation})

    async def unreadable_of(self, owner: str, lane: int, generation: int) -> set[LogPosition]:
        """Return the places of the unreadable records in a generation whose key is an owner's, `biz/cus` or `biz`."""
        wanted = {"lane": lane, "key": Binary(owner.encode()), "generations": generation}
        places = {"topic": 1, "lane": 1, "offset": 1}
        with translate_errors():
            found = self._unreadable.find(wanted, places)
            return {LogPosition.of(one) for one in await found.to_list(None)}

    async def remove_readable(
        self, positions: Collection[LogPosition], generation: int, session: Any
    ) -> None:
        """Remove unreadable records that could be read after all from a generation, in a transaction."""
        ids = {"_id": {"$in": [position.id for position in positions]}}
        await self._unreadable.update_many(ids, {"$pull": {"generations": generation}}, session=session)
        await self._unreadable.delete_many(ids | {"generations": []}, session=session)

    async def delete_generation(self, generation: int, session: Any = None) -> None:
        """Remove all of a generation that is dropped."""
        with translate_errors():
            for collection in (self._holds, self._waiting):
                await collection.delete_many({"generation": generation}, session=session)
            gone = {"generations": generation}
            await self._unreadable.update_many(gone, {"$pull": gone}, session=session)
            await self._unreadable.delete_many({"generations": []}, session=session)

    async def delete_erased(self, views: ViewCollection) -> None:
        """Remove a filled generation's letters of customers who are erased: it met them in any order."""
        mine = {"generations": views.generation, "customer": {"$ne": None}}
        with translate_errors():
            owners = [{"$group": {"_id": {"business": "$business", "customer": "$customer"}}}]
            found = await self._unreadable.aggregate([{"$match": mine}, *owners]).to_list(None)
            ids = [owner_id(**one["_id"]) for one in found]
            for known in (await views.load(ids)).values():
                if known.get("erased"):
                    gone = {name: known[name] for name in ("business", "customer")}
                    await self._unreadable.delete_many(gone)

    async def delete_owners(self, generation: int, owners: Collection[str], session: Any) -> None:
        """End what holds owners (`biz/cus`, `biz`) in a generation; what is read anew comes anew."""
        mine = {"generation": generation, "owner": {"$in": list(owners)}}
        for collection in (self._holds, self._waiting):
            await collection.delete_many(mine, session=session)

    async def insert(
        self,
        letters: Sequence[UnreadableRecord],
        held: Sequence[BlockedRecord],
        generations: Sequence[int],
        now: datetime,
        session: Any,
    ) -> None:
        """Keep what a batch found, in the session's transaction."""
        if kept := [
            UpdateOne(
                {"_id": _position(one.topic, one.record).id},
                {"$set": _unreadable(one, now), "$addToSet": {"generations": {"$each": list(generations)}}},
                upsert=True,
            )
            for one in letters
        ]:
            await self._unreadable.bulk_write(kept, session=session)
        everywhere = [(generation, one) for one in held for generation in generations]
        if holds := [_hold(generation, one, now) for generation, one in everywhere]:
            await self._holds.bulk_write(holds, session=session)
        if waiting := [_wait(generation, one) for generation, one in everywhere if one.reason is None]:
            await self._waiting.bulk_write(waiting, session=session)


def hold_of(generation: int, owner: str, lane: int, now: datetime) -> Doc:
    """Return a hold as it begins, but for what it is for: `topic` and `offset` of an event, if one holds; `reason`."""
    known = {"generation": generation, "owner": owner, "lane": lane, "since": now}
    return known | owned_by(owner)


def _hold(generation: int, one: BlockedRecord, now: datetime) -> UpdateOne:
    """Begin a hold where there is none: for what waits, too, as all generations are held together."""
    event = one.reason is not None
    fields = hold_of(generation, one.owner, one.record.partition, now) | {
        "topic": one.topic if event else None,
        "offset": one.record.offset if event else None,
        "reason": one.reason or BLOCKED_ELSEWHERE_REASON,
    }
    return UpdateOne({"_id": hold_id(generation, one.owner)}, {"$setOnInsert": fields}, upsert=True)


def _wait(generation: int, one: BlockedRecord) -> UpdateOne:
    position = _position(one.topic, one.record)
    fields = position._asdict() | {"generation": generation, "owner": one.owner} | owned_by(one.owner)
    return UpdateOne({"_id": f"{generation}/{position.id}"}, {"$set": fields}, upsert=True)
