"""What readers are given of one generation: whoever asks at the same time shares the answer (DESIGN.md, decision 5)."""

from collections.abc import Sequence
from typing import Final
from weakref import WeakValueDictionary

from read_models.documents import Doc, DocumentId
from read_models.indexed_lists import Range
from read_models.store.reading.decode_cache import Decoded
from read_models.store.reading.read_coalescing import SharedReads
from read_models.store.views import Views, named

ALL: Final = ""
"""The key of what is read of a range."""


class Served:
    """Shared reads of the views of a generation. What they answer is not to be changed."""

    def __init__(self, views: Views) -> None:
        """Nothing is asked of the server yet."""
        self.generation = views.generation
        self._views = views
        self._documents = SharedReads(Decoded(views.stored, named).load)
        self._ranges: WeakValueDictionary[str, SharedReads[list[Doc]]] = WeakValueDictionary()

    async def documents(self, ids: Sequence[DocumentId]) -> list[Doc | None]:
        """Documents by `_id`."""
        return await self._documents.get(*ids)

    async def range(self, wanted: Range) -> list[Doc]:
        """The first documents of a list."""
        return (await self._shared_range(wanted).get(ALL))[0] or []

    def _shared_range(self, wanted: Range) -> SharedReads[list[Doc]]:
        """The reads of one range, as long as there are any: other ranges are other queries, and wait for nobody."""
        name = repr(wanted)
        shared = self._ranges.get(name)
        if shared is None:

            async def fetch(_: object) -> dict[str, list[Doc]]:
                return {ALL: await self._views.range(wanted)}

            shared = self._ranges[name] = SharedReads(fetch)
        return shared
