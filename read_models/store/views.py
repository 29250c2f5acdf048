"""The views of a generation: one collection of documents, an index of each list (`read_models.indexed_lists`)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Literal, NamedTuple

import bson
from bson.raw_bson import RawBSONDocument
from pymongo import DeleteMany, DeleteOne, IndexModel, InsertOne, ReplaceOne, UpdateOne

from read_models.documents import Doc, owner_id
from read_models.indexed_lists import INDEXES, LISTS, ListQuery, to_mongo_query
from read_models.projection import BatchChanges
from read_models.store.mongo import (
    Database,
    DocumentRejected,
    translate_errors,
    translate_errors_with_timeout,
)
from read_models.store.reading.decode_cache import RAW, fetch_raw
from read_models.working_set import DocumentRequest, LoadedDocuments


def collection_name(generation: int) -> str:
    """Return where a generation's documents lie."""
    return f"views_{generation}"


def indexes() -> list[IndexModel]:
    """Return every index on the views (`read_models.indexed_lists`)."""
    return [
        IndexModel(list(index.keys), name=name, partialFilterExpression=dict(index.where))
        for name, index in INDEXES.items()
    ]


INDEXED_WITHIN_SECONDS = 24 * 60 * 60
"""Of millions of documents it takes minutes."""

ABSENT = object()
LARGEST_BYTES = 16 * 1024 * 1024
"""MongoDB's own limit of a document."""


class EncodedWrites(NamedTuple):
    """Encoded writes of a batch: its documents may change on while these are written."""

    operations: Sequence[Any]
    """Sorted by what they do, of which one command each is made."""
    erase: frozenset[tuple[str, str]]
    """Customers (business, customer) of whom all documents go but the dashboard, which the operations replace."""
    bytes: int
    """How much the operations write."""


def encode_changes(changes: BatchChanges) -> EncodedWrites:
    """Return the changes of a batch, ready to be written to any generation; raises `DocumentRejected`.

    What was not there is inserted, at half the cost of an upsert: the compare that the transaction begins with says
    that nobody has made it since.
    """
    inserts: list[Any] = []
    updates: list[Any] = []
    size = 0
    with translate_errors():
        for _id, document in changes.save.items():
            if (before := changes.before.get(_id)) is None:
                whole = bson.encode(document)
                size += len(whole)
                if document.get("erased"):
                    updates.append(ReplaceOne({"_id": _id}, RawBSONDocument(whole), upsert=True))
                else:
                    inserts.append(InsertOne(RawBSONDocument(whole)))
            elif change := difference(before, document):
                part = bson.encode(change)
                size += len(part)
                updates.append(UpdateOne({"_id": _id}, RawBSONDocument(part)))
    removes = [DeleteOne({"_id": _id}) for _id in changes.remove]
    return EncodedWrites([*inserts, *updates, *removes], changes.erase, size)


def encode_replacement(save: Mapping[str, Doc], remove: Iterable[str]) -> EncodedWrites:
    """Whole documents by `_id`, in place of what there may be, and those to remove; raises `DocumentRejected`."""
    whole = dict(zip(save, encode_documents(save.values()), strict=True))
    puts: list[Any] = [
        ReplaceOne({"_id": _id}, RawBSONDocument(one), upsert=True) for _id, one in whole.items()
    ]
    operations = [*puts, *(DeleteOne({"_id": _id}) for _id in remove)]
    return EncodedWrites(operations, frozenset(), sum(map(len, whole.values())))


def encode_documents(documents: Iterable[Doc]) -> list[bytes]:
    """Whole documents, ready to be inserted; raises `DocumentRejected`."""
    with translate_errors():
        made = [bson.encode(document) for document in documents]
    if any(len(one) > LARGEST_BYTES for one in made):
        raise DocumentRejected("DocumentTooLarge")
    return made


def decode_with_id(stored_as: bytes) -> tuple[str, Doc]:
    """Return a document by its `_id`."""
    document: Doc = bson.decode(stored_as)
    return document["_id"], document


def difference(before: Doc, after: Doc) -> Doc:
    """Return the update that makes one document of another: what differs is mostly a small part, and in no index."""
    given = {
        name: value
        for name, value in after.items()
        if (known := before.get(name, ABSENT)) is not value and known != value
    }
    gone = dict.fromkeys(before.keys() - after.keys(), "")
    return {operator: fields for operator, fields in (("$set", given), ("$unset", gone)) if fields}


class ViewCollection:
    """The documents of one generation."""

    def __init__(self, database: Database, generation: int) -> None:
        """Nothing is asked of the server yet."""
        self.generation = generation
        self._collection = database[collection_name(generation)]
        self._raw: Any = self._collection.with_options(codec_options=RAW)

    async def create(self) -> None:
        """Make the collection and its indexes, of all that is in it; harmless when they exist."""
        with translate_errors_with_timeout(INDEXED_WITHIN_SECONDS):
            await self._collection.create_indexes(indexes())

    async def drop(self) -> None:
        """Remove the collection with all that is in it; harmless when it is not there."""
        with translate_errors():
            await self._collection.drop()

    async def load(self, ids: Iterable[str], session: Any = None) -> dict[str, Doc]:
        """Return the documents that exist among these, by `_id`, in one round trip."""
        wanted = list(ids)
        if not wanted:
            return {}
        with translate_errors():
            found = self._collection.find({"_id": {"$in": wanted}}, session=session)
            return {document["_id"]: document for document in await found.to_list(None)}

    async def of(self, owner: str) -> dict[str, Doc]:
        """Return all documents of `biz/cus` or, of the business alone, `biz`, by `_id`."""
        with translate_errors():
            found = await self._collection.find({"$or": ids_of(owner)}).to_list(None)
        return {document["_id"]: document for document in found}

    async def stored(self, ids: Iterable[str]) -> Sequence[bytes]:
        """Return the documents that exist among these as they are stored (BSON), in one round trip."""
        return await fetch_raw(self._raw, ids)

    async def range(self, wanted: ListQuery, session: Any = None) -> list[Doc]:
        """Return the first documents of a list, in its order, by its index."""
        chosen, sort = to_mongo_query(wanted)
        with translate_errors():
            found = self._collection.find(chosen, session=session).hint(LISTS[wanted.list].by)
            documents: list[Doc] = await found.sort(list(sort)).limit(wanted.limit).to_list(wanted.limit)
            return documents

    async def conflicting_claims(self, claimed: Literal["slug", "portal_host"]) -> list[list[Doc]]:
        """Return the businesses that claim the same slug or host, whoever has it first.

        See docs/contracts/views.md, Applying events.
        """
        index = "slug" if claimed == "slug" else "host"
        since = INDEXES[index].keys[1][0]
        one = {"business": "$business", "claimed": f"${claimed}", "at": f"${since}", "closed": "$closed"}
        steps: list[Doc] = [
            {"$match": {"slug": {"$exists": True}, claimed: {"$ne": None}}},
            {"$sort": dict(INDEXES[index].keys)},
            {"$group": {"_id": f"${claimed}", "rivals": {"$push": one}}},
            {"$match": {"rivals.1": {"$exists": True}}},
        ]
        with translate_errors():
            found = await self._collection.aggregate(steps, hint=index).to_list(None)
        return [group["rivals"] for group in found]

    async def answer(self, need: DocumentRequest, session: Any) -> LoadedDocuments:
        """Return what a fold needs, one question after the other, as a session takes them."""
        docs = await self.load(need.ids, session)
        return LoadedDocuments(docs, {wanted: await self.range(wanted, session) for wanted in need.ranges})

    async def insert(self, documents: Iterable[bytes], session: Any) -> None:
        """Insert encoded documents that are not there, in the session's transaction."""
        if fresh := [RawBSONDocument(document) for document in documents]:
            await self._collection.insert_many(fresh, session=session)

    async def clear(self, keys: Iterable[str], session: Any) -> None:
        """Remove all documents of owners (`biz/cus`, `biz`), in the session's transaction."""
        gone: list[Any] = [DeleteOne({"_id": key}) for key in keys]
        gone += [DeleteMany({"_id": _behind(key)}) for key in keys if "/" in key]
        if gone:
            await self._collection.bulk_write(gone, session=session)

    async def write(self, batch: EncodedWrites, session: Any) -> None:
        """Save a batch, in the session's transaction."""
        erased = [DeleteMany(_of_owner(*customer)) for customer in batch.erase]
        if erased:
            await self._collection.bulk_write(erased, session=session)
        if batch.operations:
            # Ordered: after an error in a transaction, what follows would fail for another reason than its own.
            await self._collection.bulk_write(batch.operations, session=session)


def ids_of(owner: str) -> list[Doc]:
    """Return what the `_id`s of an owner's documents are: of `biz/cus`, or of the business `biz` alone."""
    within = {"_id": {"$gte": f"{owner}/", "$lt": f"{owner}0"}}  # "0" follows "/"
    return [{"_id": owner}, within] if "/" in owner else [{"_id": owner}]


def _of_owner(business: str, customer: str) -> Doc:
    """Return a customer's documents but the dashboard, by their ids, so that no index has to be kept for it."""
    begins = _behind(owner_id(business, customer))
    return {"_id": begins, "business": business, "customer": customer}


def _behind(key: str) -> Doc:
    """Return the ids that begin with a customer's key."""
    return {"$gte": f"{key}/", "$lt": f"{key}0"}  # "0" follows "/"
