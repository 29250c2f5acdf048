"""The media store of the demo: files in a folder, and how events describe them (docs/contracts/events.md, Values)."""

import hashlib
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from demo.paper import pdf

TAKES = 2
"""How many photos there are of each place and stage, numbered from 0."""

TYPES = {".jpg": "image/jpeg", ".png": "image/png", ".pdf": "application/pdf"}


class Library:
    """The folder that `PORTAL_MEDIA_URL` names: `{folder}/{businessid}/{key}`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self._known: dict[tuple[str, str], dict[str, Any]] = {}

    def media(self, business: str, key: str) -> dict[str, Any]:
        """Describe a file that was added."""
        return self._known[business, key]

    def add(
        self, business: str, key: str, content: bytes, size: tuple[int, int] | None = None
    ) -> dict[str, Any]:
        """Write a file and describes it; `size` in pixels, for pictures."""
        file = self.folder / business / key
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_bytes(content)
        width, height = size or (None, None)
        self._known[business, key] = {
            "key": key,
            "content_type": TYPES[file.suffix],
            "bytes": len(content),
            "sha256": hashlib.sha256(content).hexdigest(),
            "width": width,
            "height": height,
        }
        return self._known[business, key]

    def document(self, business: str, key: str, title: str, lines: Sequence[str]) -> dict[str, Any]:
        """Write a page of text as PDF and describes it."""
        return self.add(business, key, pdf(title, lines))
