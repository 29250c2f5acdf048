"""Media store of the demo: a folder of images and PDF documents with their media objects."""

import hashlib
import zlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pyvips  # type: ignore[import-untyped]

from demo.pdf_writer import render_pdf

IMAGES = Path(__file__).parent / "media"
"""Images that come with the demo, as `{businessid}/{key}`."""


class MediaFolder:
    """The folder behind `PORTAL_MEDIA_URL`, with files as `{businessid}/{key}`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._media_objects: dict[tuple[str, str], dict[str, Any]] = {}

    def add_images(self) -> None:
        """Copy all images of the demo into the folder."""
        for path in sorted(IMAGES.rglob("*.webp")):
            business, key = path.relative_to(IMAGES).as_posix().split("/", 1)
            content = path.read_bytes()
            image = pyvips.Image.new_from_buffer(content, "")
            self._add(business, key, content, "image/webp", width=image.width, height=image.height)

    def add_pdf(self, business: str, key: str, title: str, paragraphs: Sequence[str]) -> dict[str, Any]:
        """Write a page of text as PDF and return its media object."""
        return self._add(business, key, render_pdf(title, paragraphs), "application/pdf")

    def media_object(self, business: str, key: str) -> dict[str, Any]:
        """Return the media object of a file (docs/contracts/events.md, Values). Raises KeyError."""
        return self._media_objects[business, key]

    def _add(
        self, business: str, key: str, content: bytes, content_type: str, **dimensions: int
    ) -> dict[str, Any]:
        file = self.folder / business / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        media_object = {
            "key": key,
            "content_type": content_type,
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            **dimensions,
        }
        self._media_objects[business, key] = media_object
        return media_object


def index_by_id(identifier: str, count: int) -> int:
    """Return an index below *count*, always the same for an id."""
    return zlib.crc32(identifier.encode()) % count
