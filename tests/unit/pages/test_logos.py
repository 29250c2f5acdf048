"""A business's logo is what its event named, or it is not shown."""

import hashlib
import io
from pathlib import Path
from typing import Any

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from query_api.files.logos import KEPT, LARGEST, RETRY_AFTER, WIDEST, LogoService, address


def png(width: int) -> bytes:
    """A picture that says who has drawn it."""
    said = PngInfo()
    said.add_text("Author", "Ada Field")
    file = io.BytesIO()
    Image.new("RGBA", (width, 40), (10, 120, 200, 128)).save(file, "PNG", pnginfo=said)
    return file.getvalue()


PNG = png(60)


class Clock:
    """Seconds that pass when told."""

    now = 0.0

    def __call__(self) -> float:
        return self.now


def business(content: bytes = PNG, **media: Any) -> dict[str, Any]:
    """A business whose logo is said to be `content`."""
    named = {"key": "logo.png", "content_type": "image/png", "sha256": hashlib.sha256(content).hexdigest()}
    return {"_id": "biz_1", "branding": {"logo": named | media}}


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    (tmp_path / "biz_1").mkdir()
    (tmp_path / "biz_1" / "logo.png").write_bytes(PNG)
    return tmp_path


async def test_a_logo_is_served_without_metadata(folder: Path) -> None:
    """The logo is a copy of the object that the event named, under an address that changes with it."""
    logo = await LogoService(folder.as_uri()).of(business())

    assert logo is not None
    assert logo.content_type == "image/png"
    image = Image.open(io.BytesIO(logo.content))
    assert (image.size, image.getpixel((30, 20))) == ((60, 40), (10, 120, 200, 128))
    assert b"Ada" not in logo.content
    assert address("clearwater", logo) == f"/clearwater/media/logo?v={hashlib.sha256(PNG).hexdigest()[:12]}"


async def test_a_wide_logo_is_made_narrower(folder: Path) -> None:
    """Nobody loads a poster for the corner of a page."""
    content = png(2 * WIDEST)
    (folder / "biz_1" / "logo.png").write_bytes(content)

    logo = await LogoService(folder.as_uri()).of(business(content))

    assert logo is not None
    assert Image.open(io.BytesIO(logo.content)).size == (WIDEST, 20)


async def test_a_logo_is_read_once(folder: Path) -> None:
    """What was checked is kept: the media store is not asked again."""
    logos = LogoService(folder.as_uri())
    first = await logos.of(business())
    (folder / "biz_1" / "logo.png").unlink()

    assert first is await logos.of(business())


@pytest.mark.parametrize(
    "named",
    [
        business(sha256="0" * 64),
        business(content_type="image/svg+xml"),
        business(key="none.png"),
        business(key="a//b.png"),
        {"_id": "biz_2", "branding": {"logo": business()["branding"]["logo"]}},
        {"_id": "biz_1", "branding": {"logo": None}},
    ],
    ids=["another hash", "svg", "missing", "no path", "another business", "none"],
)
async def test_what_is_not_the_named_image_is_not_shown(folder: Path, named: dict[str, Any]) -> None:
    """A logo that is missing, changed, not an image or another business's is no logo."""
    assert await LogoService(folder.as_uri()).of(named) is None


async def test_what_is_no_picture_is_not_shown(folder: Path) -> None:
    """A logo is decoded, or it is not shown."""
    content = PNG[:8] + b" and no picture"
    (folder / "biz_1" / "logo.png").write_bytes(content)

    assert await LogoService(folder.as_uri()).of(business(content)) is None


async def test_a_huge_logo_is_not_shown(folder: Path) -> None:
    """A logo larger than a logo may be is not even read."""
    content = PNG + b"\0" * LARGEST
    (folder / "biz_1" / "logo.png").write_bytes(content)

    assert await LogoService(folder.as_uri()).of(business(content)) is None


async def test_without_media_store_there_are_no_logos() -> None:
    """An installation without a media store shows initials."""
    assert await LogoService(None).of(business()) is None


async def test_a_missing_logo_is_looked_for_again_later(folder: Path) -> None:
    """A logo that could not be had does not hold up every page, and is there once the store has it."""
    (folder / "biz_1" / "logo.png").unlink()
    clock = Clock()
    logos = LogoService(folder.as_uri(), clock)
    assert await logos.of(business()) is None
    (folder / "biz_1" / "logo.png").write_bytes(PNG)

    assert await logos.of(business()) is None
    clock.now += RETRY_AFTER
    assert await logos.of(business()) is not None


async def test_only_so_many_logos_are_kept(folder: Path) -> None:
    """Memory does not grow with the number of businesses: those asked for last are kept."""
    logos = LogoService(folder.as_uri())
    for number in range(KEPT + 1):
        (folder / f"biz_{number}").mkdir(exist_ok=True)
        (folder / f"biz_{number}" / "logo.png").write_bytes(PNG)
        assert await logos.of(business() | {"_id": f"biz_{number}"}) is not None
        (folder / f"biz_{number}" / "logo.png").unlink()

    assert await logos.of(business() | {"_id": f"biz_{KEPT}"}) is not None
    assert await logos.of(business() | {"_id": "biz_0"}) is None
