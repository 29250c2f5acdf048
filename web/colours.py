"""A business's brand colour, made readable.

A business picks any colour. Text on it and text in it must reach a contrast of 4.5:1 (WCAG 2.2, 1.4.3), so what pages
use is worked out here, once per colour, and served as a stylesheet of variables.
"""

import re
from functools import lru_cache
from typing import NamedTuple

Rgb = tuple[int, int, int]

READABLE = 4.5
"""The contrast ratio text needs (WCAG 2.2, 1.4.3 AA)."""

DEFAULT = "#1d5c73"
"""The brand colour of a business that has none."""

LIGHT_SURFACE: Rgb = (0xEC, 0xEE, 0xEB)
"""The darkest surface text in the accent lies on by day: `--sunken` in tokens.css."""

DARK_SURFACE: Rgb = (0x2A, 0x32, 0x37)
"""The lightest surface text in the accent lies on by night: `--sunken` in tokens.css."""

BLACK: Rgb = (0, 0, 0)
WHITE: Rgb = (255, 255, 255)


class Palette(NamedTuple):
    """Colours that pages derive from a brand colour, each `#rrggbb`."""

    brand: str
    """The colour itself, for areas."""
    on_brand: str
    """Text on such an area: black or white, whichever reads better."""
    accent: str
    """The colour as text by day: darkened until it reads on `LIGHT_SURFACE`."""
    accent_at_night: str
    """The colour as text by night: lightened until it reads on `DARK_SURFACE`."""


def parse(colour: str) -> Rgb:
    """Return the channels of `#rrggbb`, 0 to 255 each. Raises ValueError for anything else."""
    if not re.fullmatch("#[0-9a-fA-F]{6}", colour):
        raise ValueError(f"not a colour of the form #rrggbb: {colour!r}")
    red, green, blue = bytes.fromhex(colour[1:])
    return red, green, blue


def written(colour: Rgb) -> str:
    """Channels as `#rrggbb`."""
    return "#" + bytes(colour).hex()


def luminance(colour: Rgb) -> float:
    """Return the relative luminance, 0 (black) to 1 (white), as WCAG 2.2 defines it."""
    shares = [channel / 255 for channel in colour]
    red, green, blue = (s / 12.92 if s <= 0.04045 else ((s + 0.055) / 1.055) ** 2.4 for s in shares)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def contrast(one: Rgb, other: Rgb) -> float:
    """Return the contrast ratio of two colours, 1 to 21, as WCAG 2.2 defines it."""
    darker, lighter = sorted((luminance(one), luminance(other)))
    return (lighter + 0.05) / (darker + 0.05)


def mixed(colour: Rgb, other: Rgb, share: float) -> Rgb:
    """Return the colour with `share` (0 to 1) of the other in it."""
    red, green, blue = (round(a + (b - a) * share) for a, b in zip(colour, other, strict=True))
    return red, green, blue


def readable(colour: Rgb, surface: Rgb) -> Rgb:
    """Return the colour, moved no further than it must be towards black or white to be read on the surface."""
    towards = max(BLACK, WHITE, key=lambda end: contrast(end, surface))
    steps = (mixed(colour, towards, percent / 100) for percent in range(101))
    return next(step for step in steps if contrast(step, surface) >= READABLE)


@lru_cache(maxsize=1024)
def palette(colour: str | None) -> Palette:
    """Return the palette of a brand colour `#rrggbb`, of `DEFAULT` where there is none. Raises ValueError for other
    forms."""
    brand = parse(colour or DEFAULT)
    return Palette(
        brand=written(brand),
        on_brand=written(max(WHITE, BLACK, key=lambda text: contrast(text, brand))),
        accent=written(readable(brand, LIGHT_SURFACE)),
        accent_at_night=written(readable(brand, DARK_SURFACE)),
    )


def stylesheet(colours: Palette) -> str:
    """Return the palette as CSS variables, by day and by night."""
    return (
        f":root{{--brand:{colours.brand};--on-brand:{colours.on_brand};--accent:{colours.accent}}}"
        f"@media(prefers-color-scheme:dark){{:root{{--accent:{colours.accent_at_night}}}}}\n"
    )
