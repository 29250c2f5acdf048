"""Erasures that are not complete: no transaction reaches the copies of files, nor what is written beside it.

The transaction that erases a customer notes the ids here. Whoever has the room of copies empties the customer's part
of it, and removes once more what the records hold: a session that began, or a mail that was handed over, in the very
milliseconds of the erasure is not in what the transaction saw. The note stays until every write that can have begun
before the erasure has ended; one that dies in between leaves it to the next.
"""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any, Final

import structlog
from pymongo import ReplaceOne

from read_models.clock import utc_now
from read_models.documents import owner_id
from read_models.store.mongo import StoreUnavailable
from read_models.store.operational.collection import MongoCollection
from read_models.store.operational.file_cache import FileCache

COLLECTION: Final = "erasures"

LOOKED_EVERY_S: Final = 1.0

SETTLE_TIME: Final = timedelta(seconds=30)
"""Longer than any write takes to be made or to fail (`read_models.store.mongo`)."""

log = structlog.get_logger(__name__)


class PendingErasures:
    """One note per erased customer, until nothing of the customer can come any more."""

    def __init__(self, collection: MongoCollection, rooms: Sequence[MongoCollection]) -> None:
        """`rooms` are the collections whose documents have `business` and `customer`."""
        self.collection = collection
        self._rooms = rooms

    async def complete_all(self, copies: FileCache | None, now: datetime) -> int:
        """Remove what is left of all erased customers, and answer for how many nothing more can come.

        `copies` is None where there are none. Raises `StoreUnavailable`.
        """
        completed = 0
        for note in await self.collection.find({}):
            owner = {name: note[name] for name in ("business", "customer")}
            for room in self._rooms:
                await room.delete(owner)
            if copies:
                await copies.erase(**owner)
            completed += await self.collection.delete({"_id": note["_id"], "at": {"$lte": now - SETTLE_TIME}})
        return completed

    async def run(self, copies: FileCache | None) -> None:
        """Complete erasures as they come, until cancelled."""
        while True:
            try:
                if completed := await self.complete_all(copies, utc_now()):
                    log.info("erasures.completed", customers=completed)
            except StoreUnavailable as error:
                log.warning("erasures.not_completed", error=str(error))
            await asyncio.sleep(LOOKED_EVERY_S)


def record_erasure(business: str, customer: str, at: datetime) -> ReplaceOne[dict[str, Any]]:
    """Return the write that notes an erasure, for the transaction that erases, at this moment or a little later."""
    note = {"_id": owner_id(business, customer), "business": business, "customer": customer, "at": at}
    return ReplaceOne({"_id": note["_id"]}, note, upsert=True)
