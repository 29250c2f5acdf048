"""An API with real files behind it: a folder as the media store, another for the copies."""

import dataclasses
import hashlib
import io
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from PIL import Image

from query_api.files.service import FileService
from query_api.services import services_in
from tests.integration.api.full_visit import NOW
from tests.integration.api.harness import ApiClient, ApiHarness, Json

RED, BLUE = (200, 20, 20), (20, 20, 200)
ON_ITS_SIDE = 6
"""Exif's orientation of a picture whose top is on its left side: it has to be turned clockwise by a quarter."""


def photo(width: int = 900, height: int = 450) -> bytes:
    """A JPEG on its side that says where it was taken; upright, it is blue on its left and red on its right."""
    image = Image.new("RGB", (width, height), RED)
    image.paste(BLUE, (0, height // 2, width, height))
    exif = Image.Exif()
    exif[0x0112] = ON_ITS_SIDE
    exif[0x010F] = "Camera of Ada"
    exif.get_ifd(0x8825).update({1: "N", 2: (33.0, 26.0, 54.0)})
    file = io.BytesIO()
    image.save(file, "JPEG", quality=90, exif=exif)
    return file.getvalue()


def opened(answer: httpx.Response) -> Image.Image:
    """The picture in an answer."""
    assert answer.status_code == 200, answer.text
    return Image.open(io.BytesIO(answer.content))


class Library(ApiHarness):
    """An installation with media."""

    def __init__(self, env: Mapping[str, str], folder: Path) -> None:
        super().__init__(env, NOW)
        self.media, self.cache = folder / "media", folder / "cache"
        (self.media / "biz_1").mkdir(parents=True)
        self._config = dataclasses.replace(
            self._config, media_url=self.media.as_uri(), cache_url=self.cache.as_uri()
        )

    @property
    def files(self) -> FileService:
        """The files of the process."""
        files = services_in(self._app).files
        assert files
        return files

    def keep(self, key: str, content: bytes, content_type: str = "image/jpeg", **said: Any) -> Json:
        """Puts a file into the media store, and answers what events say of it."""
        path = self.media / "biz_1" / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        sha256 = hashlib.sha256(content).hexdigest()
        return {"key": key, "content_type": content_type, "bytes": len(content), "sha256": sha256} | said

    async def prove(self, media: Json, proof: str = "p1") -> None:
        """Publishes a pack of the visit `v1` with one item."""
        await self.say("visit.booked", "v1")
        await self.say("proof.uploaded", proof, kind="photo", media=media)
        await self.say("proof_pack.published", "k1", items=[proof])

    def copies(self) -> list[str]:
        """Where the copies lie, below the folder of copies."""
        return sorted(str(path.relative_to(self.cache)) for path in self.cache.rglob("*") if path.is_file())

    async def notices(self) -> list[Json]:
        """What operators are told of."""
        found: list[Json] = await self.store.database["notices"].find().to_list(None)
        return found

    async def noticed(self) -> list[tuple[str, str]]:
        """Kind and subject of what operators are told of."""
        return [(one["kind"], one["subject"]) for one in await self.notices()]


PAPER = b"%PDF-1.7 " + bytes(range(256)) * 40

PROOF = "visits/v1/proofs/p1"
"""The path of the item that `prove` shows."""


async def file(reader: ApiClient, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
    """What a path below `/blue/media/` answers."""
    return await reader._browser.get(f"/blue/media/{path}", headers=headers)
