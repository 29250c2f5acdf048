"""The media store of the demo: a folder of images and PDF documents, and the media objects that describe them."""

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyvips  # type: ignore[import-untyped]

from demo.pdf_writer import pdf

IMAGES = Path(__file__).parent / "media"
"""Images that come with the demo, as `{businessid}/{key}`."""


class MediaFolder:
    """The folder that `PORTAL_MEDIA_URL` names: `{folder}/{businessid}/{key}`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._media: dict[tuple[str, str], dict[str, Any]] = {}

    def add_images(self) -> None:
        """Copy all images of the demo into the folder."""
        for path in sorted(IMAGES.rglob("*.webp")):
            business, key = path.relative_to(IMAGES).as_posix().split("/", 1)
            content = path.read_bytes()
            image = pyvips.Image.new_from_buffer(content, "")
            self._add(business, key, content, "image/webp", width=image.width, height=image.height)

    def document(self, business: str, key: str, title: str, lines: Sequence[str]) -> dict[str, Any]:
        """Write a page of text as PDF and return its media object."""
        return self._add(business, key, pdf(title, lines), "application/pdf")

    def media(self, business: str, key: str) -> dict[str, Any]:
        """Return the media object of a file (docs/contracts/events.md, Values)."""
        return self._media[business, key]

    def _add(self, business: str, key: str, content: bytes, content_type: str, **size: int) -> dict[str, Any]:
        file = self.folder / business / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        self._media[business, key] = {
            "key": key,
            "content_type": content_type,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            **size,
        }
        return self._media[business, key]


def index_by_id(identifier: str, count: int) -> int:
    """Return one of the indexes from 0 to *count* - 1, always the same for an id."""
    return zlib.crc32(identifier.encode()) % count
