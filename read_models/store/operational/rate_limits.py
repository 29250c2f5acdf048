"""Sliding-window rate limits, shared by all processes."""

import secrets
from datetime import datetime, timedelta
from typing import ClassVar, NamedTuple

from pymongo import IndexModel

from read_models.store.operational.collection import TTL_INDEX, MongoCollection


class RateLimit(NamedTuple):
    """At most `times` in any stretch of `within`, per `key`."""

    key: str
    times: int
    within: timedelta


class Hit(NamedTuple):
    """One time of a limit that was taken."""

    limit: RateLimit
    id: str


class RateLimiter:
    """Sliding windows: a document per key with the moments of its hits, no more of them than are allowed."""

    INDEXES: ClassVar[list[IndexModel]] = [TTL_INDEX]

    def __init__(self, collection: MongoCollection) -> None:
        self.collection = collection

    async def acquire(self, limit: RateLimit, now: datetime) -> Hit | datetime:
        """Take one of the times that are left; when there is none, the moment at which there is again."""
        hit = Hit(limit, secrets.token_hex(8))
        recent = {
            "$filter": {
                "input": {"$ifNull": ["$hits", []]},
                "cond": {"$gt": ["$$this.at", now - limit.within]},
            }
        }
        with_this = {"$concatArrays": ["$hits", [{"at": now, "id": hit.id}]]}
        left = {"$lt": [{"$size": "$hits"}, limit.times]}
        document = await self.collection.upsert_pipeline(
            limit.key,
            [
                {"$set": {"hits": recent, "gone_at": now + limit.within}},
                {"$set": {"hits": {"$cond": [left, with_this, "$hits"]}}},
            ],
        )
        if any(known["id"] == hit.id for known in document["hits"]):
            return hit
        # Where the limit is 0 nothing ever happened: the next try is as good as any later one.
        first: datetime = min((known["at"] for known in document["hits"]), default=now)
        return first + limit.within

    async def release(self, hit: Hit) -> None:
        """Take back a hit, as if it had not happened."""
        await self.collection.update({"_id": hit.limit.key}, {"$pull": {"hits": {"id": hit.id}}})
