"""Shared access to the operational collections and their indexes."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC
from typing import Any, Final

import bson
from bson.codec_options import CodecOptions
from pymongo import IndexModel, ReturnDocument
from pymongo.errors import DuplicateKeyError

from read_models.documents import Doc
from read_models.store.mongo import Database, translate_errors
from read_models.store.reading.decode_cache import RAW, fetch_raw

TTL_INDEX = IndexModel([("gone_at", 1)], expireAfterSeconds=0, name="over")
"""MongoDB removes what is over, within a minute or so: whoever reads still looks at the time."""

OPTIONS: Final[CodecOptions[Doc]] = CodecOptions(tz_aware=True, tzinfo=UTC)
"""Datetimes come back with their zone."""

Selection = Mapping[str, Any]
Order = Sequence[tuple[str, int]]


class MongoCollection:
    """One collection; every call raises the store's `StoreUnavailable` when MongoDB does not answer."""

    def __init__(self, database: Database, name: str) -> None:
        """Touches nothing."""
        self._collection = database.get_collection(name, codec_options=OPTIONS)
        self._raw = database.get_collection(name, codec_options=RAW)

    async def create_indexes(self, indexes: Sequence[IndexModel]) -> None:
        """Make those that are missing."""
        with translate_errors():
            await self._collection.create_indexes(list(indexes))

    async def find(self, selection: Selection, order: Order = (), limit: int = 0) -> list[Doc]:
        """Return the documents selected, in order; `limit` 0 is all."""
        with translate_errors():
            cursor = self._collection.find(selection, limit=limit)
            found: list[Doc] = await (cursor.sort(list(order)) if order else cursor).to_list(None)
            return found

    async def stored(self, ids: Iterable[str]) -> Sequence[bytes]:
        """Return the documents that exist among these as they are stored: `decoded` makes documents of them."""
        return await fetch_raw(self._raw, ids)

    async def insert(self, document: Doc, session: Any = None) -> None:
        """Add a document, in the session's transaction where there is one."""
        with translate_errors():
            await self._collection.insert_one(document, session=session)

    async def insert_if_absent(self, document: Doc) -> bool:
        """Add a document; False when a unique index has its values already."""
        with translate_errors():
            try:
                await self._collection.insert_one(document)
            except DuplicateKeyError:
                return False
            return True

    async def replace(self, selection: Selection, document: Doc) -> bool:
        """Put a document in place of another; False when there was none to replace."""
        with translate_errors():
            return bool((await self._collection.replace_one(selection, document)).matched_count)

    async def update(self, selection: Selection, change: Selection) -> bool:
        """Change one document; False when there was none to change, or nothing."""
        with translate_errors():
            return bool((await self._collection.update_one(selection, change)).modified_count)

    async def update_all(self, selection: Selection, change: Selection) -> None:
        """Change all documents selected."""
        with translate_errors():
            await self._collection.update_many(selection, change)

    async def find_one_and_update(self, selection: Selection, change: Selection, order: Order) -> Doc | None:
        """Change the first document of an order, and answer it as it is now."""
        with translate_errors():
            found: Doc | None = await self._collection.find_one_and_update(
                selection, change, sort=list(order), return_document=ReturnDocument.AFTER
            )
            return found

    async def upsert_pipeline(self, id_: str, steps: Sequence[Selection]) -> Doc:
        """Change a document by a pipeline, make it when it is not there, and answer it as it is now."""
        with translate_errors():
            while True:
                try:
                    found: Doc = await self._collection.find_one_and_update(
                        {"_id": id_}, list(steps), upsert=True, return_document=ReturnDocument.AFTER
                    )
                except DuplicateKeyError:
                    # Somebody else made it at the same moment: now it is there.
                    continue
                return found

    async def count(self, selection: Selection) -> int:
        """Return how many documents are selected."""
        with translate_errors():
            return int(await self._collection.count_documents(selection))

    async def distinct(self, field: str) -> list[Any]:
        """Return the values that a field has, in order."""
        with translate_errors():
            return sorted(await self._collection.distinct(field))

    async def delete(self, selection: Selection) -> int:
        """Remove all documents selected, and answer how many."""
        with translate_errors():
            return int((await self._collection.delete_many(selection)).deleted_count)


def decoded(stored_as: bytes) -> Doc:
    """Return a document of one of the room's collections."""
    return bson.decode(stored_as, OPTIONS)
