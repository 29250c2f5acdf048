"""Files of ours that browsers may keep for ever: their name changes with their bytes."""

import hashlib
import mimetypes
from collections.abc import Iterable
from pathlib import Path
from typing import NamedTuple

from litestar import Response, get
from litestar.enums import MediaType
from litestar.exceptions import NotFoundException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath

from web.colours import palette, stylesheet

FOLDER = Path(__file__).parent / "static"

IMMUTABLE = "public, max-age=31536000, immutable"
REVALIDATE = "no-cache"


class Asset(NamedTuple):
    """A file as it is served."""

    content: bytes
    content_type: str
    digest: str
    """The first 12 hex digits of the content's SHA-256."""


def digest(content: bytes) -> str:
    """Return what of a content's SHA-256 its name holds."""
    return hashlib.sha256(content).hexdigest()[:12]


class Assets:
    """The files of a folder by name, and the addresses they are served at, `{prefix}/{stem}.{digest}.{suffix}`."""

    def __init__(self, folder: Path = FOLDER, prefix: str = "/-/assets") -> None:
        self.prefix = prefix
        self._files = dict(_read(sorted(folder.iterdir())))

    def url(self, name: str) -> str:
        """Return the address of a file. Raises KeyError for one that is not in the folder."""
        stem, _, suffix = name.rpartition(".")
        return f"{self.prefix}/{stem}.{self._files[name].digest}.{suffix}"

    def find(self, name: str) -> tuple[Asset, bool] | None:
        """Return the file that is served as `name`, and whether its digest is the one asked for."""
        stem, _, suffix = name.rpartition(".")
        stem, _, asked = stem.rpartition(".")
        asset = self._files.get(f"{stem}.{suffix}")
        return (asset, asset.digest == asked) if asset else None


def _read(paths: Iterable[Path]) -> Iterable[tuple[str, Asset]]:
    for path in paths:
        content = path.read_bytes()
        content_type = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
        yield path.name, Asset(content, content_type, digest(content))


ASSETS = Assets()


def brand_url(colour: str | None) -> str:
    """Return the address of a brand colour's stylesheet; it says all that is needed to make it."""
    colours = palette(colour)
    return f"/-/brand/{colours.brand[1:]}.{digest(stylesheet(colours).encode())}.css"


def _response(content: bytes, content_type: str, *, current: bool) -> Response[bytes]:
    """Return a file; one of another release (its page is still open somewhere) is not to be kept under this name."""
    headers = {"Cache-Control": IMMUTABLE if current else REVALIDATE}
    return Response(content, media_type=content_type, headers=headers)


def static_route(assets: Assets) -> HTTPRouteHandler:
    """Return the route of the files of a folder."""

    @get(f"{assets.prefix}/{{name:str}}", include_in_schema=False, sync_to_thread=False)
    def asset(name: FromPath[str]) -> Response[bytes]:
        """Return a stylesheet, icon or script."""
        found = assets.find(name)
        if found is None:
            raise NotFoundException
        file, current = found
        return _response(file.content, file.content_type, current=current)

    return asset


@get("/-/brand/{name:str}", include_in_schema=False, sync_to_thread=False)
def brand(name: FromPath[str]) -> Response[bytes]:
    """Return a brand colour's stylesheet, `{rrggbb}.{digest}.css`."""
    try:
        colours = palette("#" + name.partition(".")[0])
    except ValueError as error:
        raise NotFoundException from error
    content = stylesheet(colours).encode()
    return _response(content, MediaType.CSS, current=brand_url(colours.brand).endswith(f"/{name}"))


ROUTES: list[HTTPRouteHandler] = [static_route(ASSETS), brand]
