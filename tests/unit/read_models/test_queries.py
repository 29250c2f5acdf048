"""Cursors, the bounds of months, and the addresses of files."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.types import MAX_TEXT, time_zones
from read_models.queries.file_links import file
from read_models.queries.health_filters import utc_bounds
from read_models.queries.pagination import (
    KEPT_OF_A_KEY,
    LONGEST_CURSOR,
    CursorPosition,
    InvalidCursor,
    PageQuery,
    encoded,
    paginate_in_memory,
)
from read_models.visit import local_month

TEXT = st.text(st.characters(exclude_categories=["Cs"]))


@given(TEXT, TEXT, TEXT)
def test_a_cursor_leads_behind_the_item_that_it_was_made_of(name: str, key: str, subject: str) -> None:
    cursor = encoded(CursorPosition(name, key, subject))

    assert PageQuery.from_cursor(cursor, 7) == PageQuery(
        7, CursorPosition(name, key[:KEPT_OF_A_KEY], subject)
    )


@pytest.mark.parametrize("letter", ["a", "\0", '"', "池", "🏊"])
def test_a_cursor_is_short_whatever_the_key(letter: str) -> None:
    cursor = encoded(CursorPosition(f"subscriptions/{'a' * 64}", letter * MAX_TEXT, "a" * 64))

    assert len(cursor) <= LONGEST_CURSOR
    assert PageQuery.from_cursor(cursor, 7).after


def numbered(limit: int, cursor: str | None, numbers: list[int]) -> dict[str, Any]:
    """A part of a list of numbers, the largest first; nines come twice."""
    listed = [(number, twin) for number in numbers for twin in ("a", "b")[: 1 + (number == 9)]]
    return paginate_in_memory(
        "numbers",
        listed,
        PageQuery.from_cursor(cursor, limit),
        lambda one: (f"{one[0]:02}", one[1]),
        lambda one: {"number": one[0]},
    )


def numbers_in(part: dict[str, Any]) -> list[int]:
    return [item["number"] for item in part["items"]]


@pytest.mark.parametrize("limit", [1, 2, 3, 4, 6, 7])
def test_the_portions_of_a_short_list_are_the_list(limit: int) -> None:
    """Nothing twice and nothing left out, also where keys are equal; the last portion leads nowhere."""
    found: list[int] = []
    cursor: str | None = None
    for _ in range(7):
        part = numbered(limit, cursor, [12, 10, 9, 5, 1])
        found, cursor = found + numbers_in(part), part["next"]
        if cursor is None:
            break

    assert (found, cursor) == ([12, 10, 9, 9, 5, 1], None)


def test_a_portion_begins_behind_its_item_also_when_that_is_gone() -> None:
    cursor = numbered(2, None, [12, 10, 9, 5, 1])["next"]

    assert numbers_in(numbered(9, cursor, [13, 12, 9, 5, 1])) == [9, 9, 5, 1]
    assert numbers_in(numbered(9, cursor, [13, 12])) == []


def test_the_cursor_of_another_list_is_none_of_a_short_one() -> None:
    with pytest.raises(InvalidCursor):
        numbered(2, encoded(CursorPosition("letters", "10", "a")), [12, 10])


@given(st.text(st.characters(codec="ascii")) | TEXT)
def test_what_no_list_gave_is_no_cursor(text: str) -> None:
    with pytest.raises(InvalidCursor):
        PageQuery.from_cursor(text, 7)


def test_a_cursor_is_taken_only_as_it_was_given() -> None:
    cursor = encoded(CursorPosition("past_visits", "2026-01-01", "v1"))
    for changed in (f"{cursor}=", f" {cursor}", f"{cursor}\n", cursor[:-1], f"{cursor}A", cursor.swapcase()):
        with pytest.raises(InvalidCursor):
            PageQuery.from_cursor(changed, 7)


@given(
    st.datetimes(datetime(1, 1, 1), datetime(9999, 12, 31, 23, 59)),  # noqa: DTZ001 -- made aware in the test
    st.sampled_from(sorted(time_zones())),
)
def test_a_visit_lies_within_the_bounds_of_its_month_whatever_its_zone(at: datetime, zone: str) -> None:
    start = at.isoformat(timespec="milliseconds") + "Z"
    month = local_month(start, zone)
    first, last = utc_bounds([month])

    assert first <= start <= last
    within = timedelta(days=62)
    if within < at - datetime.min and within < datetime.max - at:  # noqa: DTZ901 -- both without a zone
        for other in (at - within, at + within):
            assert not first <= other.isoformat(timespec="milliseconds") + "Z" <= last


def test_the_bounds_of_several_months_hold_them_all() -> None:
    assert utc_bounds(["2026-03", "2025-12", "2026-01"]) == ("2025-11-27", "2026-04-03")


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
