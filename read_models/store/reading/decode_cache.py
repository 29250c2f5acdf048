"""Documents that have not changed are not decoded again: most reads of a document find it as it was."""

from collections import OrderedDict
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from typing import Any, Final, Generic, TypeVar

from bson.codec_options import CodecOptions
from bson.raw_bson import RawBSONDocument

from read_models.store.mongo import translate_errors

Value = TypeVar("Value")

KEPT_BYTES = 32 * 1024 * 1024
"""Of documents as they are stored; decoded they take several times as much."""

RAW: Final[CodecOptions[RawBSONDocument]] = CodecOptions(document_class=RawBSONDocument)
"""Documents as bytes, for who may not need to decode them."""


async def fetch_raw(collection: Any, ids: Iterable[str]) -> Sequence[bytes]:
    """Return the documents that exist among these as they are stored (BSON), of a collection that gives them `RAW`."""
    with translate_errors():
        found: list[RawBSONDocument] = await collection.find({"_id": {"$in": list(ids)}}).to_list(None)
        return [bytes(document.raw) for document in found]


class DecodeCache(Generic[Value]):
    """The documents of a collection, read each time and decoded when they are other ones than before."""

    def __init__(
        self,
        fetch: Callable[[Iterable[str]], Awaitable[Sequence[bytes]]],
        decode: Callable[[bytes], tuple[str, Value]],
    ) -> None:
        """`fetch` gives documents by `_id` as they are stored (BSON), `decode` the `_id` and what is made of one."""
        self._fetch = fetch
        self._decode = decode
        self._known: OrderedDict[bytes, tuple[bytes, tuple[str, Value]]] = OrderedDict()
        """As they were read last, by the `_id` as it is stored: to hash all of one costs more than to compare it."""
        self._bytes = 0

    async def load(self, ids: Iterable[str]) -> Mapping[str, Value]:
        """Return what is made of those that exist among these, by `_id`. It is shared: not to be changed."""
        return dict([self._made(one) for one in await self._fetch(ids)])

    def _made(self, stored: bytes) -> tuple[str, Value]:
        _id = raw_id(stored)
        known = self._known.get(_id)
        if known is not None:
            self._known.move_to_end(_id)
            if known[0] == stored:
                return known[1]
            self._bytes -= len(known[0])
        made = self._decode(stored)
        self._known[_id] = stored, made
        self._bytes += len(stored)
        while self._bytes > KEPT_BYTES:
            self._bytes -= len(self._known.popitem(last=False)[1][0])
        return made


def raw_id(stored: bytes) -> bytes:
    """Return the first element of a document, which MongoDB has the `_id` be: here always a string (bsonspec.org)."""
    length = int.from_bytes(stored[9:13], "little")
    return stored[4 : 13 + length]
