"""A business's logo: a copy, made of what its event named, kept in memory."""

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

import structlog

from query_api.files import images
from query_api.files.media_store import KINDS, UNUSABLE, FileUnusable, MediaStore, digest_of
from query_api.files.variants import full_size
from read_models.clock import utc_now
from read_models.documents import Doc
from read_models.store import StoreUnavailable
from read_models.store.operational import Notices

log = structlog.get_logger(__name__)

LARGEST = 1024 * 1024
"""Bytes a logo may have."""

WIDEST = 800
"""Pixels: a wider one is made narrower."""

KEPT = 64
"""Logos kept in memory."""

PATIENCE = 2.0
"""Seconds the media store may take: pages wait for this once, then show initials."""

RETRY_AFTER = 60.0
"""Seconds after which a logo that could not be had is tried again."""

SUBJECT = "logo"
"""What operators know it by."""


class Logo(NamedTuple):
    """A logo as it is served."""

    content: bytes
    content_type: str
    sha256: str
    """Of the original, in hex."""


class LogoService:
    """The logos of one process."""

    def __init__(
        self,
        media_url: str | None,
        clock: Callable[[], float] = time.monotonic,
        notices: Notices | None = None,
    ) -> None:
        """`media_url` is `PORTAL_MEDIA_URL`, None where there is no media store; `notices` are for operators."""
        self._originals = MediaStore(media_url) if media_url else None
        self._clock = clock
        self._notices = notices
        self._kept: OrderedDict[tuple[str, str], Logo] = OrderedDict()
        self._failed: dict[tuple[str, str], float] = {}

    async def of(self, business: Doc) -> Logo | None:
        """Return the logo of a business; None where it has none or it cannot be shown: then initials stand in its
        place."""
        media = business["branding"]["logo"]
        if media is None or self._originals is None:
            return None
        name = (business["_id"], media["sha256"])
        if name in self._kept:
            self._kept.move_to_end(name)
            return self._kept[name]
        if self._clock() < self._failed.get(name, 0.0):
            return None
        try:
            async with asyncio.timeout(PATIENCE):
                logo = await load(self._originals, business["_id"], media)
        except (FileUnusable, StoreUnavailable, TimeoutError) as error:
            log.warning("logo.unusable", business=business["_id"], reason=type(error).__name__)
            self._failed[name] = self._clock() + RETRY_AFTER
            if self._notices and isinstance(error, FileUnusable):
                notice = error.notice(business["_id"], SUBJECT, media, utc_now())
                await self._notices.put(notice, None)
            return None
        if self._notices:
            await self._notices.settle(business["_id"], SUBJECT, KINDS)
        self._failed.pop(name, None)
        self._kept[name] = logo
        while len(self._kept) > KEPT:
            self._kept.popitem(last=False)
        return logo


async def load(originals: MediaStore, business: str, media: Doc) -> Logo:
    """Return a picture of a business as a logo. Raises FileUnusable and StoreUnavailable."""
    form = full_size(media["content_type"])
    if not form.picture:
        raise FileUnusable(UNUSABLE, "no picture by its content type")
    content = await originals.read(business, media, LARGEST)
    made = await asyncio.to_thread(images.copy, content, form.extension, WIDEST)
    return Logo(made, form.content_type, digest_of(media))


def address(slug: str, logo: Logo) -> str:
    """Return where a logo is served; it changes with the logo, so that it may be kept."""
    return f"/{slug}/media/logo?v={logo.sha256[:12]}"
