"""Sessions of operators on the staff surface."""

from datetime import datetime
from typing import ClassVar, NamedTuple

from pymongo import IndexModel

from read_models.store.operational.collection import TTL_INDEX, MongoCollection


class StaffSession(NamedTuple):
    """A browser that an operator signed in with. The token itself is nowhere but in its cookie."""

    token: str
    """SHA-256 of the token, in hex."""
    name: str
    """The operator's."""
    credential: str
    """Keyed hash, by the token, of the operator's own token: the session ends when that is replaced."""
    started_at: datetime
    seen_at: datetime
    """To within minutes."""
    gone_at: datetime
    """From when on it is over unless it is seen before."""


class StaffSessions:
    """Sessions of operators by the hash of their token."""

    INDEXES: ClassVar[list[IndexModel]] = [TTL_INDEX]

    def __init__(self, collection: MongoCollection) -> None:
        self.collection = collection

    async def start(self, record: StaffSession) -> None:
        """Keep a new session."""
        document = record._asdict()
        await self.collection.insert({"_id": document.pop("token"), **document})

    async def find(self, token: str) -> StaffSession | None:
        """Return the session whose token has this hash, over or not."""
        found = await self.collection.find({"_id": token}, limit=1)
        if not found:
            return None
        document = found[0]
        return StaffSession(document["_id"], *(document[name] for name in StaffSession._fields[1:]))

    async def seen(self, token: str, at: datetime, gone_at: datetime) -> None:
        """Record that a session was used, and when it will be over for lack of use."""
        await self.collection.update({"_id": token}, {"$set": {"seen_at": at, "gone_at": gone_at}})

    async def end(self, token: str) -> None:
        """End a session; nothing when it is over."""
        await self.collection.delete({"_id": token})
