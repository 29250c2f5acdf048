"""Brand colours made readable."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from web import colours
from web.assets import FOLDER
from web.colours import contrast, palette, parse, stylesheet

any_colour = st.integers(0, 0xFFFFFF).map(lambda number: f"#{number:06x}")


@given(any_colour)
def test_every_colour_reads(colour: str) -> None:
    """Whatever a business picks, text on it, in it by day and in it by night reaches 4.5:1."""
    made = palette(colour)

    assert contrast(parse(made.on_brand), parse(made.brand)) >= 4.5
    assert contrast(parse(made.accent), colours.LIGHT_SURFACE) >= 4.5
    assert contrast(parse(made.accent), colours.WHITE) >= 4.5
    assert contrast(parse(made.accent_at_night), colours.DARK_SURFACE) >= 4.5


def test_yellow_is_darkened_by_day_only() -> None:
    """Pure yellow keeps its area and carries black; as text it is darkened by day and left alone by night."""
    made = palette("#ffff00")

    assert (made.brand, made.on_brand) == ("#ffff00", "#000000")
    assert made.accent != "#ffff00"
    assert made.accent_at_night == "#ffff00"


def test_black_is_lightened_by_night_only() -> None:
    """Black carries white; as text it is left alone by day and lightened by night."""
    made = palette("#000000")

    assert (made.brand, made.on_brand, made.accent) == ("#000000", "#ffffff", "#000000")
    assert made.accent_at_night != "#000000"


def test_a_readable_colour_is_left_alone() -> None:
    """A colour that reads already is the accent as it is."""
    assert palette("#0F6E84").accent == "#0f6e84"


def test_no_colour_is_the_default() -> None:
    """A business without a colour has the portal's own."""
    assert palette(colours.DEFAULT) == palette(None)


@pytest.mark.parametrize("colour", ["red", "#fff", "#12345g", "#1234567", "url(x)", "#123456\n"])
def test_other_forms_are_refused(colour: str) -> None:
    """Nothing but #rrggbb becomes part of a stylesheet."""
    with pytest.raises(ValueError, match="#rrggbb"):
        palette(colour)


def test_the_stylesheet_names_each_colour_once() -> None:
    """The stylesheet holds the palette as variables, the accent by night in its own block."""
    css = stylesheet(palette("#ffff00"))

    assert css.startswith(":root{--brand:#ffff00;--on-brand:#000000;--accent:#")
    assert "@media(prefers-color-scheme:dark){:root{--accent:#ffff00}}" in css


def test_surfaces_are_those_of_the_stylesheet() -> None:
    """The surfaces contrast is worked out for are the ones pages have: by day the first, by night the second."""
    css = (FOLDER / "tokens.css").read_text()

    sunken = [parse(colour) for colour in re.findall(r"--sunken: (#[0-9a-f]{6});", css)]

    assert sunken == [colours.LIGHT_SURFACE, colours.DARK_SURFACE]


def test_the_default_is_that_of_the_stylesheet() -> None:
    """A page whose brand stylesheet is missing has the default colour."""
    assert f"--brand: {colours.DEFAULT};" in (FOLDER / "tokens.css").read_text()
