"""Generations: which views there are, and which of them readers of a version use (DESIGN.md, decision 4)."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

from pymongo.errors import DuplicateKeyError, OperationFailure

from read_models.documents import Doc
from read_models.store import checkpoints, discards
from read_models.store.dead_letters import DeadLetters
from read_models.store.driver import Client, Database, translated
from read_models.store.views import Views

COLLECTION = "generations"
POINTERS = "pointers"
NAMESPACE_EXISTS = 48


class NoGeneration(Exception):
    """There are views, but none of this version: a rebuild has to make them first."""


@dataclass(frozen=True)
class Pointer:
    """What readers and writers of a version use: numbers of generations."""

    version: int
    served: int
    standby: int | None

    @property
    def kept(self) -> tuple[int, ...]:
        """The generations that a live worker writes, served first."""
        return (self.served,) if self.standby is None else (self.served, self.standby)


class Generations:
    """The records of the generations, and the pointers to them."""

    def __init__(self, client: Client, database: Database) -> None:
        """Nothing is asked of the server yet."""
        self._client = client
        self._database = database

    async def pointer(self, version: int, session: Any = None) -> Pointer | None:
        """What is served in a version, None when nothing is."""
        with translated():
            found = await self._database[POINTERS].find_one({"_id": version}, session=session)
        return Pointer(version, found["served"], found["standby"]) if found else None

    async def record(self, generation: int) -> Doc | None:
        """A generation's record: version, state, partitions, cluster_id, created_at."""
        with translated():
            found: Doc | None = await self._database[COLLECTION].find_one({"_id": generation})
        return found

    async def applied(self, generation: int, topic: str, lane: int, offset: int) -> bool:
        """Whether a record of a lane's topic (without prefix) is applied in a generation."""
        wanted = {"_id": checkpoints.checkpoint_id(generation, lane), f"offsets.{topic}": {"$gt": offset}}
        with translated():
            return await self._database[checkpoints.COLLECTION].find_one(wanted, {"_id": 1}) is not None

    async def ensure_first(self, version: int, partitions: int, cluster_id: str) -> Pointer:
        """The pointer of a version; on an empty installation makes the first generation, whoever is first.

        Raises `NoGeneration` where there are generations, but none of this version is served.
        """
        if known := await self.pointer(version):
            return known
        with translated():
            begun = await self._database[COLLECTION].find_one({}, {"_id": 1})
            if begun is None:
                await self._make_collections()
        first = {
            "_id": 1,
            "version": version,
            "state": "served",
            "partitions": partitions,
            "cluster_id": cluster_id,
            "created_at": datetime.now(UTC),
        }
        if begun is None:
            await self._insert_whole(first)
        pointer = await self.pointer(version)
        if pointer is None:
            raise NoGeneration(f"there are no views of version {version} yet; run `portal rebuild --promote`")
        return pointer

    async def _insert_whole(self, record: Doc) -> None:
        """Record, checkpoints and pointer in one transaction; somebody else's, made at the same time, will do."""
        lanes = [checkpoints.blank(record["_id"], lane) for lane in range(record["partitions"])]
        pointer = {"_id": record["version"], "served": record["_id"], "standby": None}

        async def insert(session: Any) -> None:
            await self._database[COLLECTION].insert_one(record, session=session)
            await self._database[checkpoints.COLLECTION].insert_many(lanes, session=session)
            await self._database[POINTERS].insert_one(pointer, session=session)

        with translated():
            async with await self._client.start_session() as session:
                try:
                    await session.with_transaction(insert)
                except DuplicateKeyError:
                    return

    async def _make_collections(self) -> None:
        # A transaction cannot make one that another transaction makes at the same time.
        for name in (COLLECTION, checkpoints.COLLECTION, POINTERS, discards.COLLECTION):
            try:
                await self._database.create_collection(name, check_exists=False)
            except OperationFailure as error:
                if error.code != NAMESPACE_EXISTS:
                    raise
        await Views(self._database, 1).create()
        await DeadLetters(self._database).create()
