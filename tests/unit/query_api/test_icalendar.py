"""Visits as calendar entries."""

import re
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po
from icalendar import Calendar

import query_api.calendar
from query_api.calendar.icalendar import CalendarOwner, calendar
from read_models.documents import Doc
from tests.support.event_builder import EventBuilder, registered
from tests.support.in_memory_store import InMemoryStore

NOW = "2026-01-05T12:00:00.000Z"
HERE = Path(query_api.calendar.__path__[0])


def told(story: EventBuilder, now: str = NOW, **customer: Any) -> bytes:
    """The calendar of all visits of a story."""
    memory = InMemoryStore()
    memory.apply(story.events)
    documents = memory.docs
    household = CalendarOwner(
        documents["biz_1"], documents["biz_1/cus_1"] | customer, "https://portal.test", now
    )
    return calendar(household, [one for one in documents.values() if one["kind"] == "visit"])


def only(content: bytes) -> Any:
    """The one entry of a calendar, as a library reads it."""
    (entry,) = Calendar.from_ical(content).events
    return entry


@pytest.fixture
def story() -> EventBuilder:
    return registered()


ADDRESS: Doc = {
    "id": "a1",
    "line1": "1 Road; rear",
    "city": "Phoenix",
    "region": "AZ",
    "postal_code": "85001",
    "country": "US",
}


def test_an_entry_says_when_where_what_and_who_but_no_instructions(story: EventBuilder) -> None:
    sam = {"id": "t1", "name": "Sam Ortiz"}
    story.event("visit.booked", "v1", address=ADDRESS, technician=sam, instructions="gate 4711")

    content = told(story)

    entry = only(content)
    assert b"DTSTART;TZID=America/Phoenix:20260105T090000\r\n" in content
    assert b"DTEND;TZID=America/Phoenix:20260105T110000\r\n" in content
    assert b"BEGIN:VTIMEZONE\r\nTZID:America/Phoenix\r\n" in content
    assert entry.uid == "v1@biz_1.servicehub"
    assert entry["SUMMARY"] == "Pool cleaning – Blue Pools"
    assert entry["LOCATION"] == "1 Road; rear, Phoenix, AZ 85001, US"
    assert entry["URL"] == "https://portal.test/blue/visits/v1"
    assert entry["DESCRIPTION"].splitlines() == [
        "Arrival is expected within this time.",
        "Technician: Sam Ortiz",
        "Blue Pools: office@blue.test",
    ]
    assert entry.status == "CONFIRMED"
    assert entry.DTSTAMP == entry.LAST_MODIFIED
    assert b"4711" not in content


def test_each_event_of_a_visit_raises_its_sequence_and_keeps_its_uid(story: EventBuilder) -> None:
    facts = ("booked", "rescheduled", "cancelled", "reopened")
    seen = [only(told(story.event(f"visit.{fact}", "v1"))) for fact in facts]

    assert {entry.uid for entry in seen} == {"v1@biz_1.servicehub"}
    sequences = [entry.sequence for entry in seen]
    assert sequences == sorted(set(sequences))
    assert [entry.LAST_MODIFIED for entry in seen] == sorted({entry.LAST_MODIFIED for entry in seen})
    assert [entry.status for entry in seen] == ["CONFIRMED", "CONFIRMED", "CANCELLED", "CONFIRMED"]


@pytest.mark.parametrize(
    ("facts", "now", "status"),
    [
        (["dispatched"], "2026-01-06T00:00:00.000Z", "CONFIRMED"),
        ([], "2026-01-06T00:00:00.000Z", "TENTATIVE"),
        (["missed"], NOW, "CANCELLED"),
        (["completed"], "2026-01-06T00:00:00.000Z", "CONFIRMED"),
    ],
)
def test_a_status_says_whether_it_takes_place(
    story: EventBuilder, facts: list[str], now: str, status: str
) -> None:
    """TENTATIVE is what awaits an update."""
    story.event("visit.booked", "v1")
    for fact in facts:
        story.event(f"visit.{fact}", "v1")

    assert only(told(story, now)).status == status


def test_equal_views_are_equal_bytes_whatever_the_clock_says(story: EventBuilder) -> None:
    zones = ("Europe/Berlin", "Asia/Tokyo", "America/New_York", "Pacific/Auckland", "UTC")
    for number, zone in enumerate(zones):
        story.event("visit.booked", f"v{number}", timezone=zone)

    content = told(story)

    assert content == told(story, "2026-01-05T12:30:00.000Z")
    assert re.findall(rb"\nTZID:(\S+)", content) == sorted(zone.encode() for zone in zones[:-1])


def test_texts_come_in_the_customers_language(story: EventBuilder) -> None:
    story.event("visit.booked", "v1", technician={"id": "t1", "name": "Sam"})

    assert "Técnico: Sam" in only(told(story, locale="es-MX"))["DESCRIPTION"]
    assert "Technician: Sam" in only(told(story, locale="fr"))["DESCRIPTION"]


def test_no_text_reaches_beyond_its_line(story: EventBuilder) -> None:
    """Not by any character that some reader takes for the end of a line."""
    name = "a\r\nATTACH:x\nb\rATTACH:y\x0bc\x85d\u2028ATTACH:z\x00,;\\"
    story.event("visit.booked", "v1", service={"id": "s", "name": name})

    content = told(story)

    assert not re.search(rb"^ATTACH", content, re.MULTILINE)
    assert only(content)["SUMMARY"] == "a ATTACH:x b ATTACH:y c d ATTACH:z ,;\\ – Blue Pools"


WINDOWS = [
    pytest.param("0001-01-01T00:00:00Z", "0001-01-01T01:00:00Z", id="the calendar's first day"),
    pytest.param("9999-12-31T22:00:00Z", "9999-12-31T23:59:59Z", id="its last"),
    pytest.param("2026-11-01T05:30:00Z", "2026-11-01T06:30:00Z", id="an hour that comes twice"),
    pytest.param("2026-03-08T06:30:00Z", "2026-03-08T07:30:00Z", id="over a missing hour"),
]


@pytest.mark.parametrize(("start", "end"), WINDOWS)
@pytest.mark.parametrize("zone", ["America/New_York", "Pacific/Auckland"])
def test_a_window_is_read_back_as_the_same_moments(
    story: EventBuilder, start: str, end: str, zone: str
) -> None:
    story.event("visit.booked", "v1", window={"start": start, "end": end}, timezone=zone)

    entry = only(told(story))

    for name, moment in (("DTSTART", start), ("DTEND", end)):
        at = entry[name].dt
        assert (at.replace(tzinfo=None) - at.utcoffset()).isoformat() + "Z" == moment


def test_a_window_that_does_not_last_has_no_end(story: EventBuilder) -> None:
    """An end has to be later than its start (RFC 5545, 3.6.1)."""
    moment = "2026-01-05T16:00:00Z"
    story.event("visit.booked", "v1", window={"start": moment, "end": moment})

    entry = only(told(story))

    assert "DTEND" not in entry
    assert entry.duration == timedelta(0)


def test_spanish_is_complete() -> None:
    used = {message for _, _, message, _, _ in extract_from_dir(HERE, [("**.py", "python")])}
    with (HERE / "locale" / "es.po").open("rb") as file:
        catalogue = read_po(file, locale="es")

    assert used == {message.id for message in catalogue if message.id and message.string}
    assert [error for _, errors in catalogue.check() for error in errors] == []
