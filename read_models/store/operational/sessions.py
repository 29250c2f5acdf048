"""Sessions of signed-in persons, per device."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, ClassVar, NamedTuple, Self

from pymongo import ASCENDING, DESCENDING, IndexModel

from read_models.store.operational.collection import TTL_INDEX, MongoCollection, decoded
from read_models.store.reading.decode_cache import DecodeCache
from read_models.store.reading.read_coalescing import CoalescingLoader


class SessionRecord(NamedTuple):
    """A signed-in device. The token itself is nowhere but in its cookie."""

    token: str
    """SHA-256 of the token, in hex."""
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
    last_here_at: datetime | None = None
    """When the person was last seen before the present visit; None on the first one."""

    @classmethod
    def of(cls, document: Mapping[str, Any]) -> Self:
        """Return the record that a document of the collection is."""
        # A session that an older release began has no `last_here_at`.
        known = {"last_here_at": None, **document}
        return cls(document["_id"], *(known[name] for name in cls._fields[1:]))


class SessionRepository:
    """Sessions by the hash of their token."""

    INDEXES: ClassVar[list[IndexModel]] = [
        TTL_INDEX,
        IndexModel(
            [("business", ASCENDING), ("address", ASCENDING), ("started_at", DESCENDING)], name="devices"
        ),
        IndexModel([("business", ASCENDING), ("customer", ASCENDING)], name="owner"),
    ]

    def __init__(self, collection: MongoCollection) -> None:
        self.collection = collection
        self._shared = CoalescingLoader(DecodeCache(collection.stored, _named).load)

    async def start(self, record: SessionRecord) -> None:
        """Keep a new session."""
        document = record._asdict()
        await self.collection.insert({"_id": document.pop("token"), **document})

    async def find(self, tokens: Sequence[str]) -> dict[str, SessionRecord | None]:
        """Return the sessions whose tokens have these hashes, over or not; None for a hash of none."""
        return dict(zip(tokens, await self._shared.get(*tokens), strict=True))

    async def devices(self, business: str, address: str) -> list[SessionRecord]:
        """Return the sessions of a person at a business, the latest first."""
        selection = {"business": business, "address": address}
        documents = await self.collection.find(selection, [("started_at", DESCENDING), ("id", ASCENDING)])
        return [SessionRecord.of(document) for document in documents]

    async def seen(self, token: str, at: datetime, gone_at: datetime, last_here_at: datetime | None) -> None:
        """Record that a session was used, when it will be over for lack of use, and when it was used before."""
        noted = {"seen_at": at, "gone_at": gone_at, "last_here_at": last_here_at}
        await self.collection.update({"_id": token}, {"$set": noted})

    async def end(self, token: str) -> None:
        """End a session; nothing when it is over."""
        await self.collection.delete({"_id": token})

    async def end_device(self, business: str, address: str, device: str) -> bool:
        """End one of a person's sessions by its id; False when the person has no such session."""
        ended = await self.collection.delete({"business": business, "address": address, "id": device})
        return ended > 0

    async def end_devices(self, business: str, address: str) -> None:
        """End all sessions of a person at a business."""
        await self.collection.delete({"business": business, "address": address})


def _named(stored: bytes) -> tuple[str, SessionRecord]:
    record = SessionRecord.of(decoded(stored))
    return record.token, record
