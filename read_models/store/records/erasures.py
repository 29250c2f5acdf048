"""Erasures that are not complete: the copies of files lie where no transaction reaches.

The transaction that erases a customer notes the ids here; whoever has the room of copies empties the customer's part
of it and takes the note away. One that dies in between leaves it to the next.
"""

import asyncio
from typing import Any, Final

import structlog
from pymongo import ReplaceOne

from read_models.documents import owner_id
from read_models.store.driver import Unavailable
from read_models.store.records.collection import Collection
from read_models.store.records.copies import Copies

COLLECTION: Final = "erasures"

LOOKED_EVERY_S: Final = 1.0

log = structlog.get_logger(__name__)


class Erasures:
    """One note per erased customer, until the copies are gone."""

    def __init__(self, collection: Collection) -> None:
        self.collection = collection

    async def complete(self, copies: Copies) -> int:
        """Removes the copies of all erased customers, and answers how many there were. Raises `Unavailable`."""
        noted = await self.collection.find({})
        for note in noted:
            await copies.erase(note["business"], note["customer"])
            await self.collection.delete({"_id": note["_id"]})
        return len(noted)

    async def completing(self, copies: Copies) -> None:
        """Completes erasures as they come, until cancelled."""
        while True:
            try:
                if completed := await self.complete(copies):
                    log.info("erasures.completed", customers=completed)
            except Unavailable as error:
                log.warning("erasures.not_completed", error=str(error))
            await asyncio.sleep(LOOKED_EVERY_S)


def noted(business: str, customer: str) -> ReplaceOne[dict[str, Any]]:
    """The write that notes an erasure, for the transaction that erases."""
    note = {"_id": owner_id(business, customer), "business": business, "customer": customer}
    return ReplaceOne({"_id": note["_id"]}, note, upsert=True)
