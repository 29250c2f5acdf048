"""Generations: which views there are, and which of them readers of a version use (docs/architecture.md, Decision 4)."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pymongo.errors import DuplicateKeyError, OperationFailure

from read_models.clock import utc_now
from read_models.documents import Doc
from read_models.store import checkpoints
from read_models.store.mongo import Client, Database, translate_errors
from read_models.store.quarantine import discards
from read_models.store.quarantine.dead_letters import DeadLetters
from read_models.store.views import ViewCollection, collection_name

COLLECTION = "generations"
POINTERS = "pointers"
NAMESPACE_EXISTS = 48


class GenerationNotFound(Exception):
    """There are views, but none of this version: a rebuild has to make them first."""


@dataclass(frozen=True)
class GenerationPointer:
    """Generation numbers that readers and writers of a version use."""

    version: int
    served: int | None
    """What readers see; None until a version's first generation is promoted."""
    standby: int | None
    """The one served before."""
    level: int | None = None
    """The one that was filled last, until it is promoted."""

    @classmethod
    def of(cls, document: Doc) -> "GenerationPointer":
        """Return the pointer of a stored document."""
        return cls(document["_id"], document["served"], document["standby"], document.get("level"))

    @property
    def active(self) -> tuple[int, ...]:
        """The generations that a live worker writes, served first."""
        return tuple(one for one in (self.served, self.standby, self.level) if one is not None)


class Generations:
    """The records of the generations, and the pointers to them."""

    def __init__(self, client: Client, database: Database) -> None:
        """Nothing is asked of the server yet."""
        self._client = client
        self._database = database

    async def pointer(self, version: int, session: Any = None) -> GenerationPointer | None:
        """Return what is kept in a version, None when nothing is."""
        with translate_errors():
            found = await self._database[POINTERS].find_one({"_id": version}, session=session)
        return GenerationPointer.of(found) if found else None

    async def record(self, generation: int) -> Doc | None:
        """Return a generation's record (`read_models.store.generations.lifecycle`)."""
        with translate_errors():
            found: Doc | None = await self._database[COLLECTION].find_one({"_id": generation})
        return found

    async def applied(self, generation: int, topic: str, lane: int, offset: int) -> bool:
        """Return whether a record of a lane's topic (without prefix) is applied in a generation."""
        wanted = {"_id": checkpoints.checkpoint_id(generation, lane), f"offsets.{topic}": {"$gt": offset}}
        with translate_errors():
            return await self._database[checkpoints.COLLECTION].find_one(wanted, {"_id": 1}) is not None

    async def records(self) -> list[Doc]:
        """Return the records of all generations there ever were, newest first."""
        with translate_errors():
            found: list[Doc] = await self._database[COLLECTION].find().sort("_id", -1).to_list(None)
        return found

    async def size(self, generation: int) -> tuple[int, int]:
        """Return how many documents a generation has, and the bytes on disk of them and their indexes."""
        with translate_errors():
            found = await self._database.command("collStats", collection_name(generation))
        return found["count"], found["totalSize"]

    async def record_earliest_timestamps(
        self, generation: int, firsts: Mapping[tuple[str, int], int]
    ) -> None:
        """Keep how partitions of the log begin that a generation is made from, for whoever finds another log later.

        By topic without prefix and number, the Kafka timestamp of the oldest record, in ms.
        """
        change = {f"firsts.{topic}.{lane}": first for (topic, lane), first in firsts.items()}
        with translate_errors():
            await self._database[COLLECTION].update_one({"_id": generation}, {"$set": change})

    async def create_first_if_missing(
        self, version: int, partitions: int, cluster_id: str
    ) -> GenerationPointer:
        """Return the pointer of a version; on an empty installation makes the first generation, whoever is first.

        Raises `GenerationNotFound` where there are generations, but none of this version is kept.
        """
        if known := await self.pointer(version):
            return known
        with translate_errors():
            begun = await self._database[COLLECTION].find_one({}, {"_id": 1})
        if begun is None:
            await self.make_collections(1)
            await self._insert_whole(new_generation_record(1, version, partitions, cluster_id, "served"))
        pointer = await self.pointer(version)
        if pointer is None:
            raise GenerationNotFound(
                f"there are no views of version {version} yet; run `portal rebuild --promote`"
            )
        return pointer

    async def _insert_whole(self, record: Doc) -> None:
        """Record, checkpoints and pointer in one transaction; somebody else's, made at the same time, will do."""
        lanes = [checkpoints.blank(record["_id"], lane) for lane in range(record["partitions"])]
        pointer = {"_id": record["version"], "served": record["_id"], "standby": None, "level": None}

        async def insert(session: Any) -> None:
            await self._database[COLLECTION].insert_one(record, session=session)
            await self._database[checkpoints.COLLECTION].insert_many(lanes, session=session)
            await self._database[POINTERS].insert_one(pointer, session=session)

        with translate_errors():
            async with await self._client.start_session() as session:
                try:
                    await session.with_transaction(insert)
                except DuplicateKeyError:
                    return

    async def make_collections(self, generation: int, *, indexed: bool = True) -> None:
        """Make what a transaction cannot make while another one does; harmless when it is there.

        What is to be filled is filled faster without the indexes of the views.
        """
        with translate_errors():
            names = COLLECTION, checkpoints.COLLECTION, POINTERS, discards.COLLECTION
            for name in (*names, collection_name(generation)):
                try:
                    await self._database.create_collection(name, check_exists=False)
                except OperationFailure as error:
                    if error.code != NAMESPACE_EXISTS:
                        raise
            if indexed:
                await ViewCollection(self._database, generation).create()
            await DeadLetters(self._database).create()


def new_generation_record(generation: int, version: int, partitions: int, cluster_id: str, state: str) -> Doc:
    """Return the record of a generation that begins now (`read_models.store.generations.lifecycle` says what it may
    become)."""
    return {
        "_id": generation,
        "version": version,
        "state": state,
        "partitions": partitions,
        "cluster_id": cluster_id,
        "created_at": utc_now(),
    }
