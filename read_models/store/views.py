"""The views of a generation: one collection of documents, an index of each list (`read_models.lists`)."""

from collections.abc import Iterable
from typing import Any

from pymongo import DeleteOne, IndexModel, ReplaceOne

from read_models.documents import Doc, owner_id
from read_models.lists import INDEXES, LISTS, Range, selection
from read_models.project import Changes
from read_models.store.driver import Database, translated
from read_models.working_set import Loaded, Need


def collection_name(generation: int) -> str:
    """Where a generation's documents lie."""
    return f"views_{generation}"


def indexes() -> list[IndexModel]:
    """Every index on the views (`read_models.lists`)."""
    return [
        IndexModel(list(index.keys), name=name, partialFilterExpression=dict(index.where))
        for name, index in INDEXES.items()
    ]


class Views:
    """The documents of one generation."""

    def __init__(self, database: Database, generation: int) -> None:
        """Nothing is asked of the server yet."""
        self.generation = generation
        self._collection = database[collection_name(generation)]

    async def create(self) -> None:
        """Makes the collection and its indexes; harmless when they exist."""
        with translated():
            await self._collection.create_indexes(indexes())

    async def load(self, ids: Iterable[str], session: Any = None) -> dict[str, Doc]:
        """The documents that exist among these, by `_id`, in one round trip."""
        wanted = list(ids)
        if not wanted:
            return {}
        with translated():
            found = self._collection.find({"_id": {"$in": wanted}}, session=session)
            return {document["_id"]: document for document in await found.to_list(None)}

    async def range(self, wanted: Range, session: Any = None) -> list[Doc]:
        """The first documents of a list, in its order, by its index."""
        chosen, sort = selection(wanted)
        with translated():
            found = self._collection.find(chosen, session=session).hint(LISTS[wanted.list].by)
            documents: list[Doc] = await found.sort(list(sort)).to_list(wanted.limit)
            return documents

    async def answer(self, need: Need, session: Any) -> Loaded:
        """What a fold needs, read in the session that will write it; a session takes one question at a time."""
        docs = await self.load(need.ids, session)
        return Loaded(docs, {wanted: await self.range(wanted, session) for wanted in need.ranges})

    async def write(self, changes: Changes, session: Any) -> None:
        """Saves what a batch comes to, in the session's transaction."""
        for business, customer in changes.erase:
            await self._collection.delete_many(_owned(business, customer), session=session)
        operations: list[Any] = [
            ReplaceOne({"_id": _id}, doc, upsert=True) for _id, doc in changes.save.items()
        ]
        operations += [DeleteOne({"_id": _id}) for _id in changes.remove]
        if operations:
            await self._collection.bulk_write(operations, ordered=False, session=session)


def _owned(business: str, customer: str) -> Doc:
    """Everything of a customer: by the beginning of the `_id`, which no other customer's has, and by the fields."""
    key = owner_id(business, customer)
    begins = [{"_id": key}, {"_id": {"$gte": f"{key}/", "$lt": f"{key}0"}}]  # "0" is what comes after "/"
    return {"$or": begins, "business": business, "customer": customer}
