"""What iPhones write: HEIC, turned by the file and by its Exif, in the colours of Display P3; not all of it sound."""

import io
import re
import struct
from collections.abc import Callable
from functools import partial
from typing import Any

import pillow_heif
import pytest
import pyvips  # type: ignore[import-untyped]
from PIL import Image

from tests.integration.api.harness import ApiClient
from tests.integration.files.harness import BLUE, ON_ITS_SIDE, PROOF, RED, Library, file, opened
from tests.integration.files.test_files import near
from tests.integration.files.test_pdf_and_zip import pdf, pictures

P3_RED, SRGB_RED = (234, 51, 35), (255, 0, 0)
"""One colour in Display P3 and in sRGB."""


def heic(picture: Image.Image, orientation: int = 1, profile: bytes | None = None, **said: Any) -> bytes:
    """A file that is turned both by a property of its picture (`irot`, `imir`) and by an Exif that names a camera."""
    exif = Image.Exif()
    exif[0x0112] = orientation
    exif[0x010F] = "Camera of Ada"
    exif.get_ifd(0x8825).update({1: "N", 2: (33.0, 26.0, 54.0)})
    made, written = pillow_heif.from_bytes(picture.mode, picture.size, picture.tobytes()), io.BytesIO()
    made.save(written, quality=90, exif=exif.tobytes(), icc_profile=profile, **said)
    return written.getvalue()


def photo(orientation: int = ON_ITS_SIDE, **said: Any) -> bytes:
    """A portrait on its side, red above blue; turned clockwise it is blue on its left and red on its right."""
    image = Image.new("RGB", (900, 450), RED)
    image.paste(BLUE, (0, 225, 900, 450))
    return heic(image, orientation, **said)


@pytest.mark.parametrize(
    ("query", "width", "height"),
    [("", 450, 900), ("?size=320", 320, 640), ("?size=800", 450, 900), ("?size=1600", 450, 900)],
)
@pytest.mark.parametrize("tiles", [{}, {"tile_size": 256}], ids=["whole", "tiled"])
async def test_a_photo_of_a_phone_is_served_upright_and_without_metadata(
    library: Library, reader: ApiClient, query: str, width: int, height: int, tiles: dict[str, int]
) -> None:
    """It is turned once though the file says so twice, and every form of it is a WebP."""
    await library.prove(library.keep("a.heic", photo(**tiles), "image/heic"))

    answer = await file(reader, PROOF + query)

    image = opened(answer)
    assert (answer.headers["content-type"], image.format, image.size) == (
        "image/webp",
        "WEBP",
        (width, height),
    )
    assert near(image.convert("RGB").getpixel((10, 10)), BLUE)
    assert near(image.convert("RGB").getpixel((width - 10, 10)), RED)
    assert not image.getexif()
    assert not image.info.keys() & {"exif", "icc_profile", "xmp", "comment"}
    assert b"Camera" not in answer.content


async def test_a_photo_that_is_turned_or_mirrored_stands_as_a_jpeg_of_its_orientation(
    library: Library, reader: ApiClient
) -> None:
    """Each of Exif's eight, told apart by four colours."""
    image = Image.new("RGB", (400, 200))
    for number, colour in enumerate(((200, 20, 20), (20, 200, 20), (20, 20, 200), (200, 200, 20))):
        left, top = number % 2 * 200, number // 2 * 100
        image.paste(colour, (left, top, left + 200, top + 100))
    await library.say("visit.booked", "v1")
    for orientation in range(1, 9):
        exif, written = Image.Exif(), io.BytesIO()
        exif[0x0112] = orientation
        image.save(written, "JPEG", exif=exif, quality=95)
        names = (f"h{orientation}", f"j{orientation}")
        for name, content in zip(names, (heic(image, orientation), written.getvalue()), strict=True):
            await library.say("proof.uploaded", name, kind="photo", media=library.keep(name, content))
        await library.say("proof_pack.published", f"k{orientation}", items=list(names))

        ours, usual = [
            opened(await file(reader, f"visits/v1/proofs/{name}?size=320")).convert("RGB") for name in names
        ]

        assert ours.size == usual.size
        for x, y in ((10, 10), (-10, 10), (10, -10), (-10, -10)):
            place = x % ours.width, y % ours.height
            expected: Any = usual.getpixel(place)
            assert near(ours.getpixel(place), expected), (orientation, place)


@pytest.mark.parametrize(
    "named",
    [
        {"profile": pyvips.Operation.call("profile_load", "p3")},
        # Numbers of ITU-T H.273: Display P3, the curve of sRGB.
        {"color_primaries": 12, "transfer_characteristics": 13, "matrix_coefficients": 6},
    ],
    ids=["by its profile", "by numbers"],
)
async def test_the_colours_of_a_phone_are_those_of_every_screen(
    library: Library, reader: ApiClient, named: dict[str, Any]
) -> None:
    """Display P3, which iPhones write, becomes sRGB, in which copies are without saying so."""
    content = heic(Image.new("RGB", (200, 100), P3_RED), **named)
    await library.prove(library.keep("a.heic", content, "image/heic"))

    for query in ("", "?size=320"):
        image = opened(await file(reader, PROOF + query))
        assert near(image.convert("RGB").getpixel((50, 50)), SRGB_RED)


@pytest.mark.parametrize("mode", ["L", "RGBA"])
async def test_a_grey_and_a_transparent_picture_are_served(
    library: Library, reader: ApiClient, mode: str
) -> None:
    content = heic(Image.new("RGB", (200, 100), (90, 90, 90)).convert(mode))
    await library.prove(library.keep("a.heic", content, "image/heif"))

    image = opened(await file(reader, PROOF))

    assert (image.size, near(image.convert("RGB").getpixel((50, 50)), (90, 90, 90))) == ((200, 100), True)


def claiming(width: int, height: int, content: bytes) -> bytes:
    """A file whose picture is said to be of another size than it is."""
    return re.sub(
        rb"(ispe.{4}).{8}", lambda box: box[1] + struct.pack(">II", width, height), content, flags=re.DOTALL
    )


def garbled(content: bytes) -> bytes:
    """A file whose head is sound and whose pixels are not."""
    pixels = content.index(b"mdat") + 8
    return content[:pixels] + bytes(len(content) - pixels)


@pytest.mark.parametrize(
    "spoil",
    [
        garbled,
        lambda content: content[: len(content) // 2],
        lambda content: content[:-200],
        partial(claiming, 60_000, 60_000),
        partial(claiming, 12_000, 12_000),
        partial(claiming, 9_000, 9_000),
        partial(claiming, 64, 64),
    ],
    ids=["garbled", "half", "cut", "far too large", "too large", "larger than it is", "smaller than it is"],
)
async def test_a_damaged_picture_is_not_found(
    library: Library, reader: ApiClient, spoil: Callable[[bytes], bytes]
) -> None:
    """Whatever it says of itself: the customer gets a 404, operators a notice, and nothing is kept."""
    await library.prove(library.keep("a.heic", spoil(photo()), "image/heic"))

    for query in ("", "?size=320"):
        assert (await file(reader, PROOF + query)).status_code == 404

    assert await library.noticed() == [("file_unusable", PROOF)]
    assert library.copies() == []


async def test_the_page_and_the_paper_of_a_visit_show_it(library: Library, reader: ApiClient) -> None:
    """Each picture that the page names is there, and the paper has it too."""
    await library.prove(library.keep("a.heic", photo(), "image/heic"))

    page = await reader._browser.get("/blue/visits/v1")
    named = {
        one.removeprefix("/blue/media/") for one in re.findall(rf'/blue/media/{PROOF}[^"\s]*', page.text)
    }
    paper = await pdf(reader, "visits/v1/proof.pdf")

    assert f"{PROOF}?size=320" in named
    for path in named:
        assert opened(await file(reader, path)).format == "WEBP"
    assert pictures(paper) == 1


async def test_the_logo_may_be_one(library: Library) -> None:
    await library.say(
        "business.rebranded", branding={"logo": library.keep("logo.heic", photo(), "image/heic")}
    )

    assert opened(await file(library.stranger("blue"), "logo")).format == "WEBP"
    assert await library.noticed() == []
