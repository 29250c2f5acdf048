"""Documents that have not changed are not decoded again: most reads of a document find it as it was."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence

import bson

from read_models.documents import Doc

KEPT_BYTES = 32 * 1024 * 1024
"""Of documents as they are stored; decoded they take several times as much."""


class Decoded:
    """The documents of a collection, read each time and decoded when they are other ones than before."""

    def __init__(self, fetch: Callable[[Iterable[str]], Awaitable[Sequence[bytes]]]) -> None:
        """`fetch` gives documents by `_id` as they are stored (BSON)."""
        self._fetch = fetch
        self._known: OrderedDict[bytes, tuple[bytes, Doc]] = OrderedDict()
        """As they were read last, by the `_id` as it is stored: to hash all of one costs more than to compare it."""
        self._bytes = 0

    async def load(self, ids: Iterable[str]) -> Mapping[str, Doc]:
        """The documents that exist among these, by `_id`. They are shared: not to be changed."""
        found = {}
        for stored in await self._fetch(ids):
            document = self._document(stored)
            found[document["_id"]] = document
        return found

    def _document(self, stored: bytes) -> Doc:
        _id = id_of(stored)
        known = self._known.get(_id)
        if known is not None:
            self._known.move_to_end(_id)
            if known[0] == stored:
                return known[1]
            self._bytes -= len(known[0])
        document: Doc = bson.decode(stored)
        self._known[_id] = stored, document
        self._bytes += len(stored)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._known.popitem(last=False)[1][0])
        return document


def id_of(stored: bytes) -> bytes:
    """The first element of a document, which MongoDB has the `_id` be: here always a string (bsonspec.org)."""
    length = int.from_bytes(stored[9:13], "little")
    return stored[4 : 13 + length]
