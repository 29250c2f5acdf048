"""What happened, in words: every fact that can be logged has some, and none tells what is not for customers."""

import ast
from collections.abc import Callable, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from babel import Locale
from babel.messages.pofile import read_po

from events.types import MINOR_UNIT_DIGITS
from query_api import activity_text
from query_api.activity_text import DETAILS, TITLES, ActivityText
from read_models import contract, invoice, subscription, visit
from read_models.queries import ActivityEntry
from tests.support.event_builder import EventBuilder
from tests.support.in_memory_store import InMemoryStore
from web.formatting import LocaleFormatter

FORMATS = LocaleFormatter(
    Locale.parse("en_US"), "America/Phoenix", datetime(2026, 1, 20, tzinfo=UTC), MINOR_UNIT_DIGITS
)
FROM_FIFTH_TO_SIXTH = "From Monday, January 5, 9:00 – 11:00 AM to Tuesday, January 6, 9:00 – 11:00 AM"
LATER = {"start": "2026-01-06T16:00:00Z", "end": "2026-01-06T18:00:00Z"}

SAID: list[tuple[str, str, dict[str, Any], str, str | None]] = [
    (
        "visit.booked",
        "v1",
        {"instructions": "gate 7"},
        "Appointment booked: Pool cleaning",
        "For Monday, January 5, 9:00 – 11:00 AM.",
    ),
    (
        "visit.rescheduled",
        "v1",
        {"reason": "rain"},
        "Appointment moved: Pool cleaning",
        f"{FROM_FIFTH_TO_SIXTH}. You asked for it. Reason: rain",
    ),
    (
        "visit.rescheduled",
        "v1",
        {"window": LATER, "requested_by": "business"},
        "Appointment moved: Pool cleaning",
        "From Tuesday, January 6, 9:00 – 11:00 AM to Tuesday, January 6, 9:00 – 11:00 AM. Blue Pools asked for it.",
    ),
    (
        "visit.technician_assigned",
        "v1",
        {"technician": {"id": "t", "name": "Sam Ortiz"}},
        "Technician assigned: Pool cleaning",
        "Sam Ortiz will come.",
    ),
    (
        "visit.dispatched",
        "v1",
        {"eta": "2026-01-06T16:05:00Z"},
        "On the way: Pool cleaning",
        "Expected on Tuesday, January 6 at 9:05 AM.",
    ),
    ("visit.dispatched", "v1", {}, "On the way: Pool cleaning", None),
    (
        "visit.started",
        "v1",
        {"arrived_at": "2026-01-06T16:10:00Z"},
        "Started: Pool cleaning",
        "Arrived on Tuesday, January 6 at 9:10 AM.",
    ),
    (
        "visit.missed",
        "v1",
        {"reason": "van broke down"},
        "Missed: Pool cleaning",
        "It was missed by Blue Pools. Reason: van broke down",
    ),
    (
        "visit.missed",
        "v1",
        {"responsible": "customer"},
        "Missed: Pool cleaning",
        "It could not take place on your side.",
    ),
    ("visit.missed", "v1", {"responsible": "other"}, "Missed: Pool cleaning", None),
    ("visit.reopened", "v1", {"reason": "wrong day"}, "Scheduled again: Pool cleaning", "Reason: wrong day"),
    (
        "visit.cancelled",
        "v1",
        {"reason": "hail"},
        "Cancelled: Pool cleaning",
        "Blue Pools cancelled it. Reason: hail",
    ),
    ("visit.cancelled", "v1", {"cancelled_by": "customer"}, "Cancelled: Pool cleaning", "You cancelled it."),
    (
        "visit.completed",
        "v1",
        {"summary": "secret"},
        "Completed: Pool cleaning",
        "Finished on Monday, January 5 at 10:00 AM.",
    ),
    ("proof_pack.published", "k1", {}, "Proof of service shared: Pool cleaning", None),
    ("proof_pack.withdrawn", "k1", {"reason": "secret"}, "Proof of service withdrawn: Pool cleaning", None),
    ("invoice.issued", "i1", {}, "Invoice 1042 issued", "$120.00, due on Monday, January 19."),
    (
        "invoice.due_date_changed",
        "i1",
        {"due_on": "2026-02-02"},
        "Invoice 1042: new due date",
        "From Monday, January 19 to Monday, February 2.",
    ),
    (
        "invoice.credited",
        "i1",
        {"reason": "late"},
        "Invoice 1042 credited",
        "$10.00 less to pay. Reason: late",
    ),
    ("payment.failed", "y1", {}, "Payment failed", "$50.00 for invoice 1042. Reason: declined"),
    ("payment.succeeded", "y2", {}, "Payment received", "$50.00 for invoice 1042."),
    ("payment.refunded", "y2", {}, "Payment refunded", "$20.00 for invoice 1042."),
    ("invoice.voided", "i1", {"reason": "secret"}, "Invoice 1042 voided", None),
    ("subscription.started", "s1", {}, "Subscription started: Weekly pool", None),
    (
        "subscription.changed",
        "s1",
        {"plan": {"id": "q", "name": "100% pool"}},
        "Subscription changed: 100% pool",
        "From Weekly pool to 100% pool. The price is $120.00.",
    ),
    (
        "subscription.changed",
        "s1",
        {"items": [{"id": "a", "name": "A", "quantity": 1, "unit_amount": 9900}]},
        "Subscription changed: 100% pool",
        "The price is $99.00.",
    ),
    (
        "subscription.renewed",
        "s1",
        {"current_period": {"start": "2026-02-01", "end": "2026-02-28"}},
        "Subscription renewed: 100% pool",
        "From Feb 1, 2026 to Feb 28, 2026.",
    ),
    (
        "subscription.paused",
        "s1",
        {"resumes_on": "2026-03-01"},
        "Subscription paused: 100% pool",
        "It resumes on Sunday, March 1.",
    ),
    ("subscription.paused", "s1", {}, "Subscription paused: 100% pool", None),
    ("subscription.resumed", "s1", {}, "Subscription resumed: 100% pool", None),
    (
        "subscription.cancelled",
        "s1",
        {"reason": "secret"},
        "Subscription cancelled: 100% pool",
        "It ends on Saturday, January 31.",
    ),
    ("contract.signed", "c1", {}, "Contract signed: Pool care", None),
    (
        "contract.amended",
        "c1",
        {"terms": None, "sla": {"on_time_grace_minutes": 30}},
        "Contract amended: Pool care",
        "Changed: the terms, the service level.",
    ),
    ("contract.amended", "c1", {}, "Contract amended: Pool care", None),
    (
        "contract.renewed",
        "c1",
        {"ends_on": "2027-01-01"},
        "Contract renewed: Pool care",
        "It now ends on Friday, January 1, 2027.",
    ),
    (
        "contract.ended",
        "c1",
        {"reason": "secret"},
        "Contract ended: Pool care",
        "It ended on Sunday, March 1.",
    ),
]
"""What is said of which subject, and the words for it."""


def test_everything_that_happens_has_words_for_the_customer() -> None:
    told = [(what, title, detail) for what, _, _, title, detail in SAID]

    assert in_words([(what, subject, data) for what, subject, data, _, _ in SAID], FORMATS) == told


def test_all_that_can_be_logged_has_a_title_and_is_tried_here() -> None:
    packs = {"proof_pack.published", "proof_pack.withdrawn"}
    payments = {"payment.succeeded", "payment.failed", "payment.refunded"}
    logged = {
        f"{fold.__name__.rpartition('.')[2]}.{fact}"
        for fold in (visit, invoice, subscription, contract)
        for fact in fold.HANDLERS
    }
    assert TITLES.keys() == logged | packs | payments == {what for what, *_ in SAID}
    assert DETAILS.keys() <= TITLES.keys()


def test_a_window_elsewhere_than_at_the_business_names_its_zone() -> None:
    elsewhere = ("visit.booked", "v1", {"timezone": "America/New_York"})

    ((_, _, detail),) = in_words([elsewhere], FORMATS)

    assert detail == "For Monday, January 5, 11:00 AM – 1:00 PM (Eastern Standard Time)."


def test_every_text_can_be_translated_before_its_values_are_put_in() -> None:
    seen: list[str] = []

    def gettext(text: str) -> str:
        seen.append(text)
        return f"<{text}>"

    booked: list[tuple[str, str, dict[str, Any]]] = [("visit.booked", "v1", {})]
    ((_, title, detail),) = in_words(booked, FORMATS, gettext)

    assert (title, detail) == (
        "<Appointment booked: Pool cleaning>",
        "<For <Monday, January 5, 9:00 – 11:00 AM>.>",
    )
    assert seen == ["Appointment booked: %(service)s", "%(day)s, %(times)s", "For %(window)s."]


def in_words(
    said: Sequence[tuple[str, str, dict[str, Any]]],
    formats: LocaleFormatter,
    gettext: Callable[[str], str] = lambda text: text,
) -> list[tuple[str, str, str | None]]:
    """What happened and its words, in the order said; thin spaces as plain ones."""
    story = EventBuilder()
    for what, subject, data in said:
        story.event(what, subject, **data)
    memory = InMemoryStore()
    memory.apply(story.events)
    words = ActivityText(formats, "Blue Pools", gettext)
    happenings = [
        ActivityEntry(entry, about) for about in memory.docs.values() for entry in about.get("log", ())
    ]
    return [
        (one.entry["what"], words.title(one), plain(words.detail(one)))
        for one in sorted(happenings, key=lambda one: str(one.entry["at"]))
    ]


def plain(text: str | None) -> str | None:
    return text and text.replace("\u2009", " ").replace("\u202f", " ")


def test_every_text_is_translated() -> None:
    """The Spanish catalogue has the texts of this room, and no others."""
    room = ast.parse(Path(activity_text.__file__).read_text())
    said = {
        call.args[0].value
        for call in ast.walk(room)
        if isinstance(call, ast.Call)
        and isinstance(call.func, ast.Attribute)
        and call.func.attr == "translate"
        and isinstance(call.args[0], ast.Constant)
    }
    with (activity_text.LOCALE / "es.po").open("rb") as file:
        catalogue = read_po(file, locale="es")

    assert said | {*activity_text.TITLES.values(), *activity_text.AMENDED.values()} == {
        message.id for message in catalogue if message.id and message.string and not message.fuzzy
    }
    assert [error for _, errors in catalogue.check() for error in errors] == []
