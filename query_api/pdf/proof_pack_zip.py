"""The whole of a Proof Pack as ZIP, made while it is sent.

`manifest.json`, its last entry, gives the SHA-256 of each file as it was uploaded and as it is here: pictures are
copies, upright and without metadata; documents are as they were.
"""

import hashlib
import zipfile
from collections.abc import AsyncIterator, Iterator
from datetime import datetime
from typing import IO, Any, NamedTuple, cast
from zoneinfo import ZoneInfo

import orjson

from query_api.files.media_store import FileUnusable
from query_api.files.service import FileService
from query_api.files.variants import Variant, full_size
from query_api.files.visible_files import VisibleFile, VisiblePack
from read_models.documents import Doc, parse
from read_models.queries.portal import CustomerScope

MANIFEST = "manifest.json"

FIRST_MOMENT = datetime(1980, 1, 1)  # noqa: DTZ001 -- a local time, as all in a ZIP
LAST_MOMENT = datetime(2107, 12, 31)  # noqa: DTZ001


class ZipEntry(NamedTuple):
    """A file of the pack."""

    name: str
    metadata: Doc
    """What the manifest says of it."""
    at: str
    """When it was captured."""
    shown: VisibleFile | None
    """None of a note, whose text it is."""


class ChunkBuffer:
    """Buffer that a ZIP is written to and read from piece by piece."""

    def __init__(self) -> None:
        self._pieces: list[bytes] = []

    def write(self, piece: Any) -> int:
        """Keep a piece until it is taken."""
        self._pieces.append(bytes(piece))
        return len(piece)

    def flush(self) -> None:
        """Nothing is held back."""

    def take(self) -> bytes:
        """Return what was written since it was last asked."""
        taken = b"".join(self._pieces)
        self._pieces.clear()
        return taken


def entries(pack: VisiblePack) -> Iterator[ZipEntry]:
    """Yield the files of a pack: its items in its order, then its document."""
    for number, (item, shown) in enumerate(pack.items, 1):
        parts = (f"{number:03}", item["stage"], item["item_kind"], item["id"])
        said = {
            name: item[name] for name in ("id", "stage", "caption", "text", "captured_at", "location")
        } | {"kind": item["item_kind"]}
        yield ZipEntry("-".join(part for part in parts if part), said, item["captured_at"], shown)
    if pack.document is not None:
        yield ZipEntry("document", {"kind": "document"}, pack.visit["pack"]["published_at"], pack.document)


def tag_of(pack: VisiblePack) -> str:
    """Return a weak ETag: it changes with what the pack's events say."""
    said = [(one.name, one.metadata, one.shown and one.shown.media) for one in entries(pack)]
    content = orjson.dumps([heading(pack), said])
    return f'W/"{hashlib.sha256(content).hexdigest()}"'


def heading(pack: VisiblePack) -> Doc:
    """Return what the manifest says of the pack."""
    visit = pack.visit
    return {
        "visit_id": visit["id"],
        "service": visit["service"]["name"],
        "window": visit["window"],
        "timezone": visit["timezone"],
        "published_at": visit["pack"]["published_at"],
    }


async def is_complete(files: FileService, scope: CustomerScope, pack: VisiblePack) -> bool:
    """Return whether each file of a pack has its copy: else what was sent under its ETag may lack what is there by
    now."""
    for entry in entries(pack):
        if entry.shown is not None:
            try:
                place = files.place(scope, entry.shown, full_size(entry.shown.media["content_type"]))
            except FileUnusable:
                return False
            if await files.kept.find(place) is None:
                return False
    return True


async def stream_zip(files: FileService, scope: CustomerScope, pack: VisiblePack) -> AsyncIterator[bytes]:
    """Yield the ZIP, piece by piece. What cannot be had is said in the manifest, and to operators."""
    sink, listed = ChunkBuffer(), []
    zone = pack.visit["timezone"]
    with zipfile.ZipFile(cast("IO[bytes]", sink), "w") as archive:
        for entry in entries(pack):
            said = dict(entry.metadata)
            listed.append(said)
            if entry.shown is None:
                name = f"{entry.name}.txt"
                archive.writestr(zip_info(name, entry.at, zone), entry.metadata["text"] or "")
                said["file"] = name
                yield sink.take()
                continue
            form = full_size(entry.shown.media["content_type"])
            try:
                copy = await files.copy(scope, entry.shown, form)
            except FileUnusable as error:
                await files.notice(scope, entry.shown, error)
                copy = None
            said["original"] = original(entry.shown.media)
            if copy is None:
                said.update(file=None, copy=None)
                continue
            name, seen = f"{entry.name}.{form.extension}", hashlib.sha256()
            with archive.open(zip_info(name, entry.at, zone), "w") as opened:
                async for piece in copy.content():
                    seen.update(piece)
                    opened.write(piece)
                    yield sink.take()
            said.update(file=name, copy=copy_metadata(form, seen.hexdigest(), copy.size))
        content = orjson.dumps(heading(pack) | {"files": listed}, option=orjson.OPT_INDENT_2)
        archive.writestr(zip_info(MANIFEST, pack.visit["pack"]["published_at"], zone), content)
    yield sink.take()


def original(media: Doc) -> Doc:
    """Return a file as its event names it."""
    return {name: media[name] for name in ("sha256", "bytes", "content_type")}


def copy_metadata(form: Variant, sha256: str, size: int) -> Doc:
    """Return a file as it is in the ZIP."""
    return {"sha256": sha256, "bytes": size, "content_type": form.content_type}


def zip_info(name: str, at: str, zone: str) -> zipfile.ZipInfo:
    """Return an entry of the ZIP with its moment, as a clock where the visit was would show it."""
    try:
        local = parse(at).astimezone(ZoneInfo(zone)).replace(tzinfo=None)
    except OverflowError:
        local = parse(at).replace(tzinfo=None)
    moment = min(max(local, FIRST_MOMENT), LAST_MOMENT)
    return zipfile.ZipInfo(name, moment.timetuple()[:6])
