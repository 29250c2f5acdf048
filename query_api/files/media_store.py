"""Files as businesses have uploaded them: read from the media store, and checked against what their events say."""

import hashlib
import re
from collections.abc import AsyncIterator
from datetime import datetime

from obstore.exceptions import BaseError, PermissionDeniedError

from read_models.documents import Doc
from read_models.store.operational import Notice
from read_models.store.operational.object_store import ObjectStoreHandle, translate_errors

MISSING = "file_missing"
CHANGED = "file_changed"
UNUSABLE = "file_unusable"
KINDS = (MISSING, CHANGED, UNUSABLE)

CHUNK_BYTES = 1024 * 1024

SHA256 = re.compile(r"[0-9a-f]{64}")


class FileUnusable(Exception):
    """A file cannot be served; asking again will not help until somebody has seen to it."""

    def __init__(self, kind: str, detail: str) -> None:
        """`kind` is one of `KINDS`, `detail` says to operators in which way."""
        super().__init__(detail)
        self.kind = kind

    def notice(self, business: str, subject: str, media: Doc, at: datetime) -> Notice:
        """Return what operators are told of it; `subject` is the path of the file's address below `media/`."""
        return Notice(self.kind, business, subject, at, f"{self}: {media['key']}")


class MediaStore:
    """The media store of an installation; it is only read."""

    def __init__(self, url: str) -> None:
        """`url` is `PORTAL_MEDIA_URL`; nothing is touched yet."""
        self._objects = ObjectStoreHandle(url)

    async def chunks(self, business: str, media: Doc, largest: int) -> AsyncIterator[bytes]:
        """Yield the bytes of a file, and after the last an error if they were not those that the event named.

        `media` is as in the event, `largest` in bytes. Raises `FileUnusable`, and `StoreUnavailable` when the media
        store does not answer.
        """
        expected, seen = digest_of(media), hashlib.sha256()
        store = self._objects.store
        try:
            found = await store.get_async(f"{business}/{media['key']}")
        except (FileNotFoundError, PermissionDeniedError) as error:
            # A bucket that may not be listed answers "denied" where there is no object.
            raise FileUnusable(
                MISSING, "the media store has no such object, or does not let it be read"
            ) from error
        except ValueError as error:
            raise FileUnusable(MISSING, "the media store cannot have an object of this name") from error
        except BaseError as error:
            if self._objects.is_folder:
                raise FileUnusable(MISSING, "the media folder has no file that can be opened") from error
            with translate_errors():
                raise
        if found.meta["size"] > largest:
            raise FileUnusable(UNUSABLE, f"larger than {largest} bytes")
        with translate_errors():
            async for chunk in found.stream(min_chunk_size=CHUNK_BYTES):
                seen.update(chunk)
                yield bytes(chunk)
        if seen.hexdigest() != expected:
            raise FileUnusable(CHANGED, "the object has another SHA-256 than its event says")

    async def read(self, business: str, media: Doc, largest: int) -> bytes:
        """Return the whole file; raises as `chunks` does."""
        return b"".join([chunk async for chunk in self.chunks(business, media, largest)])


def digest_of(media: Doc) -> str:
    """Return the SHA-256 that an event names, in lower case; raises `FileUnusable` when it is none."""
    named: str = media["sha256"].lower()
    if not SHA256.fullmatch(named):
        raise FileUnusable(CHANGED, "what its event names is no SHA-256")
    return named
