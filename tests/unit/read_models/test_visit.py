"""docs/contracts/views.md, Appointments and visits: given the facts of a customer, the dashboard shows …"""

from typing import Any

import pytest

from read_models.documents import Doc
from tests.support.event_builder import EventBuilder, registered
from tests.support.in_memory_store import InMemoryStore

BEFORE = "2026-01-04T00:00:00.000Z"
AFTER = "2026-01-09T00:00:00.000Z"


def dashboard(told: EventBuilder, now: str = BEFORE) -> Doc:
    store = InMemoryStore()
    store.apply(told.events)
    shown = store.dashboard(told.business, told.customer, now, now[:10])
    assert shown is not None
    return shown


def visit(told: EventBuilder, subject: str = "v1") -> Doc:
    store = InMemoryStore()
    store.apply(told.events)
    return store.docs[f"{told.business}/{told.customer}/visit/{subject}"]


def test_a_booked_visit_is_upcoming_until_its_window_has_passed() -> None:
    told = registered().event("visit.booked", "v1")
    assert [item["id"] for item in dashboard(told)["upcoming"]] == ["v1"]
    later = dashboard(told, AFTER)
    assert (later["upcoming_count"], later["awaiting_count"]) == (0, 1)
    assert [item["id"] for item in later["awaiting"]] == ["v1"]


def test_a_visit_under_way_is_upcoming_whatever_its_window() -> None:
    told = registered().event("visit.booked", "v1").event("visit.dispatched", "v1")
    assert dashboard(told, AFTER)["upcoming"][0]["status"] == "on_the_way"


@pytest.mark.parametrize(
    ("facts", "status"),
    [
        (["dispatched", "rescheduled"], "scheduled"),
        (["started", "rescheduled"], "in_progress"),
        (["completed", "rescheduled"], "completed"),
        (["completed", "missed"], "missed"),
        (["cancelled", "dispatched"], "on_the_way"),
        (["completed", "reopened"], "scheduled"),
        (["completed", "booked"], "completed"),
    ],
)
def test_the_last_event_wins_but_a_new_window_undoes_no_outcome(facts: list[str], status: str) -> None:
    told = registered().event("visit.booked", "v1")
    for fact in facts:
        told.event(f"visit.{fact}", "v1")
    assert visit(told)["status"] == status


def test_a_reopened_visit_forgets_its_outcome_and_its_arrival() -> None:
    told = (
        registered().event("visit.booked", "v1").event("visit.started", "v1").event("visit.completed", "v1")
    )
    told.event("visit.reopened", "v1")
    assert visit(told)["arrived_at"] is None
    assert dashboard(told)["recent_visits"] == []


def test_arrival_is_that_of_started_else_that_of_completed() -> None:
    late: dict[str, Any] = {"arrived_at": "2026-01-05T18:30:00Z"}
    told = registered().event("visit.booked", "v1").event("visit.completed", "v1", **late)
    assert visit(told)["arrived_at"] == "2026-01-05T18:30:00.000Z"
    told = (
        registered()
        .event("visit.booked", "v1")
        .event("visit.started", "v1")
        .event("visit.completed", "v1", **late)
    )
    assert visit(told)["arrived_at"] == "2026-01-05T16:10:00.000Z"


def test_the_estimated_arrival_is_known_only_while_on_the_way() -> None:
    told = (
        registered().event("visit.booked", "v1").event("visit.dispatched", "v1", eta="2026-01-05T16:05:00Z")
    )
    assert visit(told)["eta"] == "2026-01-05T16:05:00.000Z"
    assert visit(told.event("visit.started", "v1"))["eta"] is None


def test_a_visit_whose_booking_was_lost_shows_nothing_and_counts_a_gap() -> None:
    told = registered().event("visit.completed", "v1", sequence=2)
    store = InMemoryStore()
    changes = store.apply_batch(told.events)
    assert changes.counts["biz_1/cus_1"]["gaps"] == 1
    assert dashboard(told)["recent_visits"] == []


def test_an_unknown_type_takes_its_sequence_and_is_counted() -> None:
    told = registered().event("visit.booked", "v1").event("visit.rated", "v1").event("visit.completed", "v1")
    counts = InMemoryStore().apply_batch(told.events).counts["biz_1/cus_1"]
    assert (counts["skipped"], counts["gaps"]) == (1, 0)
    assert visit(told)["status"] == "completed"


def test_more_appointments_than_are_kept_are_counted_and_ranked_as_if_all_were() -> None:
    told = registered()
    for day in range(1, 61):
        month, of_month = (1, day) if day <= 30 else (3, day - 30)
        window = {
            "start": f"2026-{month:02}-{of_month:02}T16:00:00Z",
            "end": f"2026-{month:02}-{of_month:02}T18:00:00Z",
        }
        told.event("visit.booked", f"v{day}", window=window)
    for day in (3, 31, 32):
        told.event("visit.cancelled", f"v{day}")
    early = dashboard(told, "2026-01-01T00:00:00.000Z")
    assert [item["id"] for item in early["upcoming"]] == [
        f"v{day}" for day in (1, 2, 4, 5, 6, 7, 8, 9, 10, 11)
    ]
    assert (early["upcoming_count"], early["awaiting_count"]) == (57, 0)
    late = dashboard(told, "2026-03-11T00:00:00.000Z")
    assert late["upcoming"][0]["id"] == "v41"
    assert (late["upcoming_count"], late["awaiting_count"]) == (20, 37)
    assert late["awaiting"][0]["id"] == "v40"


def test_a_list_that_lost_a_member_is_filled_from_what_lies_behind_it() -> None:
    told = registered()
    for number in range(12):
        window = {"start": f"2026-01-{number + 1:02}T16:00:00Z", "end": f"2026-01-{number + 1:02}T18:00:00Z"}
        told.event("visit.booked", f"v{number:02}", window=window).event("visit.completed", f"v{number:02}")
    whole, stepwise = InMemoryStore(), InMemoryStore(cached=True)
    told.event("visit.reopened", "v11").event("visit.reopened", "v10").event("visit.missed", "v05")
    whole.apply(told.events)
    stepwise.apply(told.events, 1)
    recent = [item["id"] for item in whole.docs["biz_1/cus_1"]["recent_visits"]]
    assert recent == ["v09", "v08", "v07", "v06", "v04", "v03", "v02", "v01", "v00"]
    assert whole.docs == stepwise.docs
