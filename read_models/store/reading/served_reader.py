"""Reader of one generation: concurrent reads share a query (docs/architecture.md, Decision 5)."""

from collections.abc import Sequence
from typing import Final
from weakref import WeakValueDictionary

from read_models.documents import Doc, DocumentId
from read_models.indexed_lists import ListQuery
from read_models.store.reading.decode_cache import DecodeCache
from read_models.store.reading.read_coalescing import CoalescingLoader
from read_models.store.views import ViewCollection, decode_with_id

ALL: Final = ""
"""The key of what is read of a range."""


class ServedReader:
    """Shared reads of the views of a generation. What they answer is not to be changed."""

    def __init__(self, views: ViewCollection) -> None:
        """Nothing is asked of the server yet."""
        self.generation = views.generation
        self._views = views
        self._documents = CoalescingLoader(DecodeCache(views.stored, decode_with_id).load)
        self._ranges: WeakValueDictionary[str, CoalescingLoader[list[Doc]]] = WeakValueDictionary()

    async def documents(self, ids: Sequence[DocumentId]) -> list[Doc | None]:
        """Documents by `_id`."""
        return await self._documents.get(*ids)

    async def range(self, wanted: ListQuery) -> list[Doc]:
        """Return the first documents of a list."""
        return (await self._shared_range(wanted).get(ALL))[0] or []

    def _shared_range(self, wanted: ListQuery) -> CoalescingLoader[list[Doc]]:
        """Return the reads of one range, as long as there are any: other ranges are other queries, and wait for
        nobody."""
        name = repr(wanted)
        shared = self._ranges.get(name)
        if shared is None:

            async def fetch(_: object) -> dict[str, list[Doc]]:
                return {ALL: await self._views.range(wanted)}

            shared = self._ranges[name] = CoalescingLoader(fetch)
        return shared
