"""The room itself: one object per kind of record, on one database."""

from motor.motor_asyncio import AsyncIOMotorDatabase

from read_models.store.records.collection import of
from read_models.store.records.limits import Limits
from read_models.store.records.sessions import Sessions
from read_models.store.records.sign_ins import SignIns


class Records:
    """The records of an installation. `prepare` once before use."""

    def __init__(self, database: AsyncIOMotorDatabase) -> None:
        self.limits = Limits(of(database, "limits"))
        self.sessions = Sessions(of(database, "sessions"))
        self.sign_ins = SignIns(of(database, "sign_ins"))

    async def prepare(self) -> None:
        """Makes the indexes that are missing."""
        for room in (self.limits, self.sessions, self.sign_ins):
            await room.collection.create_indexes(room.INDEXES)
