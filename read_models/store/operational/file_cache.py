"""The copies of customers' files under `PORTAL_CACHE_URL`, by business and customer, so that erasure finds them.

The files can be made again: what is lost here costs time only. When a copy was last used is when it was last
written, for which one that is used is written again once a day.
"""

import contextlib
from collections.abc import AsyncIterable, AsyncIterator, Callable
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from read_models.store.operational.object_store import ObjectStoreHandle, translate_errors

TTL: Final = timedelta(days=30)
"""For so long after its last use a copy stays (docs/contracts/api.md, Files)."""

TOUCH_INTERVAL: Final = timedelta(days=1)

CHUNK_BYTES: Final = 256 * 1024


class CacheKey(NamedTuple):
    """Key of a cached file: ids of business and customer, SHA-256 (hex) of the original, and variant."""

    business: str
    customer: str
    sha256: str
    form: str

    @property
    def path(self) -> str:
        """The place as a path."""
        return "/".join(self)


class CachedFile(NamedTuple):
    """A copy that is there."""

    size: int
    """In bytes."""
    written_at: datetime
    content: Callable[[], AsyncIterator[bytes]]
    """The whole content, once."""


class FileCache:
    """The copies of an installation. Every call raises `StoreUnavailable` when the object store does not answer."""

    def __init__(self, url: str) -> None:
        """`url` is `PORTAL_CACHE_URL`; nothing is touched yet."""
        self._objects = ObjectStoreHandle(url, ours=True)

    async def find(self, place: CacheKey) -> CachedFile | None:
        """Return the copy at a place, None where there is none."""
        store = self._objects.store
        try:
            with translate_errors():
                found = await store.get_async(place.path)
        except FileNotFoundError:
            return None

        async def content() -> AsyncIterator[bytes]:
            with translate_errors():
                async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                    yield bytes(chunk)

        return CachedFile(found.meta["size"], found.meta["last_modified"], content)

    async def read_range(self, place: CacheKey, first: int, last: int) -> AsyncIterator[bytes]:
        """Yield the bytes `first` to `last` of a copy that is there. Raises FileNotFoundError when it is not any
        more."""
        store = self._objects.store
        with translate_errors():
            found = await store.get_async(place.path, options={"range": (first, last + 1)})
            async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                yield bytes(chunk)

    async def put(self, place: CacheKey, content: AsyncIterable[bytes] | bytes) -> None:
        """Keep a copy. What the content raises on its way is raised, and then nothing is kept."""
        store = self._objects.store
        with translate_errors():
            await store.put_async(place.path, content)

    async def erase(self, business: str, customer: str) -> None:
        """Remove all copies of a customer's files."""
        while paths := await self._listed(f"{business}/{customer}"):
            await self._remove(paths)

    async def evict_expired(self, now: datetime) -> int:
        """Remove the copies that were not used for `TTL`, and answer how many there were."""
        paths = await self._listed(written_before=now - TTL)
        await self._remove(paths)
        return len(paths)

    async def _listed(self, folder: str | None = None, written_before: datetime | None = None) -> list[str]:
        store = self._objects.store
        with translate_errors():
            return [
                found["path"]
                async for part in store.list(folder)
                for found in part
                if written_before is None or found["last_modified"] < written_before
            ]

    async def _remove(self, paths: list[str]) -> None:
        store = self._objects.store
        # Somebody else may remove the same ones at the same time; a folder minds, a bucket does not.
        with contextlib.suppress(FileNotFoundError), translate_errors():
            await store.delete_async(paths)
