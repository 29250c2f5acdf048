"""Views and how far they are, all as of one moment, while others go on writing (MongoDB keeps 5 minutes of history)."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from datetime import datetime
from typing import Any, NamedTuple

from read_models.documents import Doc
from read_models.in_memory import owner_of_document
from read_models.store.checkpoints import COLLECTION as CHECKPOINTS
from read_models.store.checkpoints import Checkpoint, checkpoint_id
from read_models.store.mongo import Client, Database, translate_errors, translate_errors_with_timeout
from read_models.store.quarantine.dead_letters import HOLDS, WAITING, LogPosition
from read_models.store.views import collection_name, ids_of

OWNERS_AT_A_TIME = 100
DRAWN_WITHIN_SECONDS = 600
CUSTOMER = "^[^/]+/[^/]+$"
"""What a customer's `_id` is like; those of other documents have no `/`, or several."""


class PendingRecords(NamedTuple):
    """Records that an owner's hold blocks."""

    since: datetime
    reason: str
    positions: frozenset[LogPosition]


class Snapshot:
    """One generation at one moment, which the first question sets; every question raises `StoreUnavailable`."""

    def __init__(self, database: Database, generation: int, session: Any) -> None:
        self._database = database
        self._generation = generation
        self._session = session

    async def checkpoint(self, lane: int) -> Checkpoint | None:
        """Return a lane's checkpoint; None where the generation was dropped."""
        _id = checkpoint_id(self._generation, lane)
        with translate_errors():
            found = await self._database[CHECKPOINTS].find_one({"_id": _id}, session=self._session)
        return Checkpoint.of(found) if found else None

    async def pending(self, lane: int) -> dict[str, PendingRecords]:
        """Return who is held in a lane, and what waits there, by owner."""
        wanted = {"generation": self._generation, "lane": lane}
        found: dict[str, tuple[Doc, set[LogPosition]]] = {}
        with translate_errors():
            async for hold in self._database[HOLDS].find(wanted, session=self._session):
                event = set() if hold["offset"] is None else {LogPosition.of(hold)}
                found[hold["owner"]] = hold, event
            async for one in self._database[WAITING].find(wanted, session=self._session):
                if one["owner"] in found:
                    found[one["owner"]][1].add(LogPosition.of(one))
        return {
            owner: PendingRecords(hold["since"], hold["reason"], frozenset(positions))
            for owner, (hold, positions) in found.items()
        }

    async def documents(self, owners: Sequence[str]) -> AsyncIterator[tuple[str, Mapping[str, Doc]]]:
        """Yield the documents of each of these owners, by `_id`."""
        views = self._database[collection_name(self._generation)]
        for start in range(0, len(owners), OWNERS_AT_A_TIME):
            part = owners[start : start + OWNERS_AT_A_TIME]
            found: dict[str, dict[str, Doc]] = {owner: {} for owner in part}
            chosen = {"$or": [condition for owner in part for condition in ids_of(owner)]}
            with translate_errors():
                async for document in views.find(chosen, session=self._session):
                    found[owner_of_document(document["_id"])][document["_id"]] = document
            for owner, documents in found.items():
                yield owner, documents


class Snapshots:
    """Looks at whole generations, for those who compare them with the log."""

    def __init__(self, client: Client, database: Database) -> None:
        """Nothing is asked of the server yet."""
        self._client = client
        self._database = database

    @asynccontextmanager
    async def of(self, generation: int) -> AsyncIterator[Snapshot]:
        """Yield a generation at a moment."""
        with translate_errors():
            session = await self._client.start_session(snapshot=True)
        try:
            yield Snapshot(self._database, generation, session)
        finally:
            await session.end_session()

    async def owners(self, generation: int) -> AsyncIterator[str]:
        """Everybody who has documents in a generation, some more than once, by the index of the ids alone."""
        last = None
        with translate_errors():
            ids = self._database[collection_name(generation)].find({}, {"_id": 1})
            async for found in ids.sort("_id", 1).hint("_id_"):
                owner = owner_of_document(found["_id"])
                if owner != last:
                    yield owner
                last = owner

    async def some_customers(self, generation: int, number: int) -> list[str]:
        """So many customers of a generation, by chance, by the index of the ids alone."""
        steps: list[Doc] = [
            {"$match": {"_id": {"$regex": CUSTOMER}}},
            {"$project": {"_id": 1}},
            {"$sample": {"size": number}},
        ]
        with translate_errors_with_timeout(DRAWN_WITHIN_SECONDS):
            views = self._database[collection_name(generation)]
            found = await views.aggregate(steps, hint="_id_").to_list(None)
        return sorted({document["_id"] for document in found})
