"""Cursors, the bounds of months, and the addresses of files."""

from datetime import datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.fields import time_zones
from read_models.pages.figures import around
from read_models.pages.files import file
from read_models.pages.listing import BadCursor, Part, encoded
from read_models.visit import local_month

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT)
def test_a_cursor_leads_behind_the_item_that_it_was_made_of(key: str, subject: str) -> None:
    assert Part.behind(encoded(key, subject), 7) == (7, (key, subject))


@given(st.text(st.characters(codec="ascii")) | TEXT)
def test_what_no_list_gave_is_no_cursor(text: str) -> None:
    with pytest.raises(BadCursor):
        Part.behind(text, 7)


def test_a_cursor_is_taken_only_as_it_was_given() -> None:
    cursor = encoded("2026-01-01", "v1")
    for changed in (f"{cursor}=", f" {cursor}", f"{cursor}\n", cursor[:-1], f"{cursor}A", cursor.swapcase()):
        with pytest.raises(BadCursor):
            Part.behind(changed, 7)


@given(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59)),  # noqa: DTZ001 -- made aware in the test
    st.sampled_from(sorted(time_zones())),
)
def test_a_visit_lies_within_the_bounds_of_its_month_whatever_its_zone(at: datetime, zone: str) -> None:
    start = at.isoformat(timespec="milliseconds") + "Z"
    month = local_month(start, zone)
    first, last = around([month])

    assert first <= start <= last
    within = timedelta(days=62)
    if within < at - datetime.min and within < datetime.max - at:  # noqa: DTZ901 -- both without a zone
        for other in (at - within, at + within):
            assert not first <= other.isoformat(timespec="milliseconds") + "Z" <= last


def test_the_bounds_of_several_months_hold_them_all() -> None:
    assert around(["2026-03", "2025-12", "2026-01"]) == ("2025-11-27", "2026-04-03")


@pytest.mark.parametrize(
    ("content_type", "thumbnail"),
    [
        ("image/jpeg", "/m/p?size=320"),
        ("IMAGE/PNG", "/m/p?size=320"),
        ("image/svg+xml", None),
        ("image/svg+xml; charset=utf-8", None),
        ("application/pdf", None),
    ],
)
def test_only_of_pictures_there_are_smaller_ones(content_type: str, thumbnail: str | None) -> None:
    media = {
        "content_type": content_type,
        "bytes": 5,
        "width": None,
        "height": None,
        "key": "k",
        "sha256": "0",
    }

    assert file("/m/p", media) == {
        "url": "/m/p",
        "thumbnail_url": thumbnail,
        "content_type": content_type,
        "bytes": 5,
        "width": None,
        "height": None,
    }
    assert file("/m/p", None) is None
