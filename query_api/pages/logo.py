"""A business's logo: read from its media store, checked against what the event said of it, kept in memory."""

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import structlog
from obstore.exceptions import BaseError
from obstore.store import ObjectStore, from_url

from read_models.documents import Doc

log = structlog.get_logger(__name__)

SIGNATURES = {
    "image/png": b"\x89PNG\r\n\x1a\n",
    "image/jpeg": b"\xff\xd8\xff",
    "image/gif": b"GIF8",
    "image/webp": b"RIFF",
}
"""The content types a logo may have, and how such files begin. None that a browser could run: no SVG."""

LARGEST = 1024 * 1024
"""Bytes a logo may have."""

KEPT = 64
"""Logos kept in memory."""

PATIENCE = 2.0
"""Seconds the media store may take: pages wait for this once, then show initials."""

RETRY_AFTER = 60.0
"""Seconds after which a logo that could not be had is tried again."""


class Logo(NamedTuple):
    """A logo as it is served."""

    content: bytes
    content_type: str
    sha256: str


class Unusable(Exception):
    """The object is not what its event named; the message says in which way."""


class Logos:
    """The logos of one process. `media_url` is `PORTAL_MEDIA_URL`, None where there is no media store."""

    def __init__(self, media_url: str | None, clock: Callable[[], float] = time.monotonic) -> None:
        self._store: ObjectStore | None = from_url(media_url) if media_url else None
        self._clock = clock
        self._kept: OrderedDict[tuple[str, str], Logo] = OrderedDict()
        self._failed: dict[tuple[str, str], float] = {}

    async def of(self, business: Doc) -> Logo | None:
        """The logo of a business; None where it has none or it cannot be shown: then initials stand in its place."""
        media = business["branding"]["logo"]
        if media is None or self._store is None:
            return None
        name = (business["_id"], media["sha256"])
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        if self._clock() < self._failed.get(name, 0.0):
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                logo = await load(self._store, business["_id"], media)
        except (Unusable, BaseError, OSError, ValueError) as error:
            log.warning("logo.unusable", business=business["_id"], reason=type(error).__name__)
            self._failed[name] = self._clock() + RETRY_AFTER
            return None
        self._failed.pop(name, None)
        self._kept[name] = logo
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return logo


async def load(store: ObjectStore, business: str, media: Doc) -> Logo:
    """A media object of a business. Raises Unusable, and what the store raises."""
    signature = SIGNATURES.get(media["content_type"])
    if signature is None:
        raise Unusable("a content type that is not served")
    found = await store.get_async(f"{business}/{media['key']}")
    if found.meta["size"] > LARGEST:
        raise Unusable("larger than a logo may be")
    content = bytes(await found.bytes_async())
    if hashlib.sha256(content).hexdigest() != media["sha256"].lower():
        raise Unusable("another hash than its event named")
    if not content.startswith(signature):
        raise Unusable("another content than its type says")
    return Logo(content, media["content_type"], media["sha256"].lower())


def address(slug: str, logo: Logo) -> str:
    """Where a logo is served; it changes with the logo, so that it may be kept."""
    return f"/{slug}/media/logo?v={logo.sha256[:12]}"
