"""The nonces that the secret addresses of calendar feeds are made from."""

from typing import ClassVar

from pymongo import ASCENDING, IndexModel

from read_models.documents import owner_id
from read_models.store.operational.collection import MongoCollection


class CalendarFeedNonces:
    """At most one nonce per customer; without the service's keys it opens nothing."""

    INDEXES: ClassVar[list[IndexModel]] = [
        IndexModel([("nonce", ASCENDING)], name="nonce"),
        IndexModel([("business", ASCENDING), ("customer", ASCENDING)], name="owner"),
    ]

    def __init__(self, collection: MongoCollection) -> None:
        self.collection = collection

    async def nonce(self, business: str, customer: str, fresh: str) -> str:
        """Return the customer's nonce; `fresh` becomes it where there is none."""
        return await self._keep(business, customer, {"$ifNull": ["$nonce", fresh]})

    async def renew(self, business: str, customer: str, fresh: str) -> str:
        """Make `fresh` the customer's nonce; the one before leads nowhere any more."""
        return await self._keep(business, customer, fresh)

    async def owner(self, nonce: str) -> tuple[str, str] | None:
        """Return the ids of the business and the customer whose nonce it is."""
        found = await self.collection.find({"nonce": nonce}, limit=1)
        return (found[0]["business"], found[0]["customer"]) if found else None

    async def _keep(self, business: str, customer: str, nonce: object) -> str:
        owner = {"business": business, "customer": customer}
        document = await self.collection.upsert_pipeline(
            owner_id(business, customer), [{"$set": {**owner, "nonce": nonce}}]
        )
        return str(document["nonce"])
