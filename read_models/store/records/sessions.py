"""Who is signed in, on which devices."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from motor.motor_asyncio import AsyncIOMotorCollection
from pymongo import ASCENDING, DESCENDING, IndexModel

from read_models.store.records.collection import OVER


class SessionRecord(NamedTuple):
    """A signed-in device. The token itself is nowhere but in its cookie."""

    token: bytes
    """SHA-256 of the token."""
    id: str
    """What the device is called among the person's devices."""
    business: str
    customer: str
    address: str
    """The e-mail address that signed in, as addresses are compared."""
    device: str
    """The browser's own description, "" where it gave none."""
    started_at: datetime
    seen_at: datetime
    """To within minutes."""
    gone_at: datetime
    """From when on it is over unless it is seen before."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """The record that a document of the collection is."""
        return cls(document["_id"], *(document[name] for name in cls._fields[1:]))


class Sessions:
    """Sessions by the hash of their token."""

    INDEXES: ClassVar[list[IndexModel]] = [
        OVER,
        IndexModel(
            [("business", ASCENDING), ("address", ASCENDING), ("started_at", DESCENDING)], name="devices"
        ),
        IndexModel([("business", ASCENDING), ("customer", ASCENDING)], name="owner"),
    ]

    def __init__(self, collection: AsyncIOMotorCollection) -> None:
        self.collection = collection

    async def start(self, record: SessionRecord) -> None:
        """Keeps a new session."""
        document = record._asdict()
        await self.collection.insert_one({"_id": document.pop("token"), **document})

    async def find(self, token: bytes) -> SessionRecord | None:
        """The session whose token has this hash, over or not."""
        document = await self.collection.find_one({"_id": token})
        return SessionRecord.of(document) if document else None

    async def devices(self, business: str, address: str) -> list[SessionRecord]:
        """The sessions of a person at a business, the latest first."""
        found = self.collection.find({"business": business, "address": address})
        documents = await found.sort([("started_at", DESCENDING), ("id", ASCENDING)]).to_list(None)
        return [SessionRecord.of(document) for document in documents]

    async def seen(self, token: bytes, at: datetime, gone_at: datetime) -> None:
        """Notes that a session was used, and when it will be over for lack of use."""
        await self.collection.update_one({"_id": token}, {"$set": {"seen_at": at, "gone_at": gone_at}})

    async def end(self, token: bytes) -> None:
        """Ends a session; nothing when it is over."""
        await self.collection.delete_one({"_id": token})

    async def end_device(self, business: str, address: str, device: str) -> bool:
        """Ends one of a person's sessions by its id; False when the person has no such session."""
        done = await self.collection.delete_one({"business": business, "address": address, "id": device})
        return bool(done.deleted_count)

    async def end_devices(self, business: str, address: str) -> None:
        """Ends all sessions of a person at a business."""
        await self.collection.delete_many({"business": business, "address": address})
