"""How often something may happen in a stretch of time, counted for all processes together."""

import secrets
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from read_models.store.records.collection import OVER


class Limit(NamedTuple):
    """At most `count` times in any stretch of `within`, per `key`."""

    key: str
    count: int
    within: timedelta


class Hit(NamedTuple):
    """One time of a limit that was taken."""

    limit: Limit
    id: str


class Limits:
    """Sliding windows: a document per key with the moments of its hits, no more of them than are allowed."""

    INDEXES: ClassVar[list[IndexModel]] = [OVER]

    def __init__(self, collection: AsyncIOMotorCollection) -> None:
        self.collection = collection

    async def take(self, limit: Limit, now: datetime) -> Hit | datetime:
        """Takes one of the times that are left; when there is none, the moment at which there is again."""
        hit = Hit(limit, secrets.token_hex(8))
        recent = {
            "$filter": {
                "input": {"$ifNull": ["$hits", []]},
                "cond": {"$gt": ["$$this.at", now - limit.within]},
            }
        }
        with_this = {"$concatArrays": ["$hits", [{"at": now, "id": hit.id}]]}
        update = [
            {"$set": {"hits": recent, "gone_at": now + limit.within}},
            {"$set": {"hits": {"$cond": [{"$lt": [{"$size": "$hits"}, limit.count]}, with_this, "$hits"]}}},
        ]
        hits = (await self._update(limit.key, update))["hits"]
        if any(known["id"] == hit.id for known in hits):
            return hit
        # Without hits nothing is allowed at all: there is no moment from which on it were.
        first: datetime = min((known["at"] for known in hits), default=now)
        return first + limit.within

    async def give_back(self, hit: Hit) -> None:
        """As if it had not happened."""
        await self.collection.update_one({"_id": hit.limit.key}, {"$pull": {"hits": {"id": hit.id}}})

    async def _update(self, key: str, update: list[dict[str, object]]) -> dict[str, list[dict[str, datetime]]]:
        while True:
            try:
                found: dict[str, list[dict[str, datetime]]] = await self.collection.find_one_and_update(
                    {"_id": key}, update, upsert=True, return_document=ReturnDocument.AFTER
                )
            except DuplicateKeyError:
                # Somebody else made the document at the same moment: now it is there.
                continue
            return found
