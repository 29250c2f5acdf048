"""A document that was read again unchanged is the same object; another one is decoded."""

from collections.abc import Iterable, Sequence

import bson
import pytest

from read_models.documents import Doc
from read_models.store import views
from read_models.store.reading.decode_cache import DecodeCache


class Collection:
    """Documents as they are stored."""

    def __init__(self, *documents: Doc) -> None:
        self.documents = {document["_id"]: document for document in documents}

    async def stored(self, ids: Iterable[str]) -> Sequence[bytes]:
        """Those that exist among these."""
        return [bson.encode(self.documents[_id]) for _id in ids if _id in self.documents]


async def test_what_has_not_changed_is_the_same_object() -> None:
    collection = Collection({"_id": "biz/cus", "name": "Ana"}, {"_id": "biz/cus2", "name": "Ana"})
    decoded = DecodeCache(collection.stored, views.decode_with_id)
    first = await decoded.load(["biz/cus", "biz/cus2", "biz/none"])
    assert first == collection.documents
    again = await decoded.load(["biz/cus", "biz/cus2"])
    assert again["biz/cus"] is first["biz/cus"]
    assert again["biz/cus2"] is first["biz/cus2"]


async def test_what_has_changed_is_as_it_is_now() -> None:
    collection = Collection({"_id": "biz/cüs", "name": "Ana"})
    decoded = DecodeCache(collection.stored, views.decode_with_id)
    await decoded.load(["biz/cüs"])
    collection.documents["biz/cüs"] = {"_id": "biz/cüs", "name": "Eva"}
    assert await decoded.load(["biz/cüs"]) == collection.documents


async def test_what_was_read_long_ago_is_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    """So the memory of it is bounded, also when the same document changes again and again."""
    collection = Collection(*({"_id": f"biz/cus_{number}", "text": "x" * 100} for number in range(10)))
    monkeypatch.setattr("read_models.store.reading.decode_cache.KEPT_BYTES", 450)
    decoded = DecodeCache(collection.stored, views.decode_with_id)
    first = await decoded.load(["biz/cus_0"])
    for number in range(100):
        collection.documents["biz/cus_1"]["text"] = f"{number:100}"
        await decoded.load(["biz/cus_1"])
    assert (await decoded.load(["biz/cus_0"]))["biz/cus_0"] is first["biz/cus_0"]
    for name in list(collection.documents)[1:]:
        await decoded.load([name])
    assert (await decoded.load(["biz/cus_0"]))["biz/cus_0"] is not first["biz/cus_0"]
