"""Copies of pictures: upright, in sRGB, without metadata. Slow work for a thread."""

from collections.abc import Mapping
from typing import Final
from xml.sax.saxutils import escape

import pyvips  # type: ignore[import-untyped]

from query_api.files import heic
from query_api.files.media_store import UNUSABLE, FileUnusable
from web.colours import Rgb

MOST_PIXELS: Final = 100_000_000
"""A picture with more is not decoded: a small file can claim any number."""

LONGEST_SIDE: Final = 16_383
"""Of a WebP, in pixels."""

SAVED_AS: Final[Mapping[str, str]] = {
    "jpg": ".jpg[Q=90,background=255,keep=none]",
    "png": ".png[keep=none]",
    # A lower effort than the default costs a few bytes and halves the time.
    "webp": ".webp[Q=80,effort=2,keep=none]",
}

READABLE: Final = ("Jpeg", "Png", "Webp", "Nsgif", "Heif")
"""libvips' readers for what cameras and drawing programs write. No SVG, no PDF: those may fetch things.

`Heif` reads AVIF, and of HEIC the head.
"""

pyvips.operation_block_set("VipsForeignLoad", True)
for reader in READABLE:
    pyvips.operation_block_set(f"VipsForeignLoad{reader}", False)
# Nobody's pictures are to stay in memory.
pyvips.cache_set_max(0)


def copy(content: bytes, extension: str, width: int | None) -> bytes:
    """Return a copy of a picture in the format of an extension (`SAVED_AS`), at most `width` pixels wide; never
    enlarged.

    Of one that moves it is the first frame. Raises `FileUnusable`.
    """
    try:
        # Reads no more than the head.
        head = pyvips.Image.new_from_buffer(content, "", access="sequential")
        if head.width * head.height > MOST_PIXELS:
            raise FileUnusable(UNUSABLE, f"a picture of more than {MOST_PIXELS} pixels")
        widest = width or LONGEST_SIDE
        fitted = {"height": LONGEST_SIDE, "size": "down", "output_profile": "srgb"}
        if heic.is_heic(head):
            made = heic.decoded(content).thumbnail_image(widest, **fitted)
        else:
            made = pyvips.Image.thumbnail_buffer(content, widest, **fitted)
        return bytes(made.write_to_buffer(SAVED_AS[extension]))
    except pyvips.Error as error:
        raise FileUnusable(UNUSABLE, "no picture that can be decoded") from error


def icon(content: bytes, side: int) -> bytes:
    """Return a PNG of `side` pixels squared with a picture of ours in its middle, on white, as home screens show it."""
    inner = side * 4 // 5
    fitted = pyvips.Image.thumbnail_buffer(content, inner, height=inner, output_profile="srgb")
    if fitted.hasalpha():
        fitted = fitted.flatten(background=255)
    made = fitted.gravity("centre", side, side, extend="white")
    return bytes(made.write_to_buffer(SAVED_AS["png"]))


def letters(text: str, side: int, ground: Rgb, ink: Rgb) -> bytes:
    """Return a PNG of `side` pixels squared with a few letters in its middle."""
    area = pyvips.Image.black(side, side, bands=3).copy(interpretation="srgb")
    if not text:
        return bytes((area + ground).cast("uchar").write_to_buffer(SAVED_AS["png"]))
    # Markup of Pango: what is not a letter of it has to be escaped.
    inner = side // 2
    mask = pyvips.Image.text(escape(text), font="sans bold", width=inner, height=inner)
    mask = mask.gravity("centre", side, side)
    return bytes(
        mask.ifthenelse(area + ink, area + ground, blend=True).cast("uchar").write_to_buffer(SAVED_AS["png"])
    )
