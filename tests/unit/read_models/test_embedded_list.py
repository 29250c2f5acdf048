"""What happens together in one batch, and what hides behind more than a list holds."""

import pytest

from tests.support.event_builder import registered
from tests.support.in_memory_store import InMemoryStore

NOW = "2026-06-01T00:00:00.000Z"


def test_a_contract_amended_in_the_batch_that_takes_its_only_visit_away_counts_nothing() -> None:
    story = registered().event("contract.signed", "c1", sla={"on_time_grace_minutes": 0})
    story.event("visit.booked", "v1", contract_id="c1").event("visit.completed", "v1")
    story.event("visit.started", "v1", arrived_at="2026-01-05T18:10:00Z").event("visit.completed", "v1")
    store = InMemoryStore()
    store.apply(story.events)
    taken = len(story.events)
    story.event("contract.amended", "c1", sla={"on_time_grace_minutes": 15}).event("visit.reopened", "v1")
    store.apply(story.events[taken:])
    shown = store.dashboard("biz_1", "cus_1", NOW, NOW[:10])
    assert shown
    assert shown["contracts"][0]["health"]["on_time"] == 0


def test_a_plan_is_shown_however_many_cancelled_ones_come_before_it() -> None:
    story = registered()
    for number in range(31):
        story.event("subscription.started", f"s{number}", plan={"id": "p", "name": "A"})
        story.event("subscription.cancelled", f"s{number}")
    story.event("subscription.started", "z", plan={"id": "p", "name": "Z"})
    store = InMemoryStore()
    store.apply(story.events)
    shown = store.dashboard("biz_1", "cus_1", NOW, NOW[:10])
    assert shown
    assert [plan["id"] for plan in shown["subscriptions"]] == ["z"]


def test_a_place_that_one_leaves_is_not_taken_by_one_that_comes_behind_those_not_kept() -> None:
    story = registered()
    for number in range(1, 13):
        story.event("invoice.issued", f"i{number:02}", due_on=f"2026-07-{number:02}")
    store = InMemoryStore()
    store.apply(story.events)
    kept = len(story.events)
    story.event("invoice.voided", "i05").event("invoice.issued", "i13", due_on="2026-07-13")
    store.apply(story.events[kept:])
    shown = store.dashboard("biz_1", "cus_1", NOW, NOW[:10])
    assert shown
    assert [one["id"][1:] for one in shown["open_invoices"]] == (
        ["01", "02", "03", "04", "06", "07", "08", "09", "10", "11"]
    )
    assert shown["open_invoice_count"] == 12


@pytest.mark.parametrize("batch", [1, 3, None])
def test_an_appointment_whose_window_ends_before_it_starts_awaits_an_update_wherever_it_is(
    batch: int | None,
) -> None:
    """Behind more appointments than a dashboard keeps; no longer when it is put right, called off or comes to be so."""
    story = registered()
    for number in range(1, 32):
        day = f"2026-07-{number:02}"
        promised = {"start": f"{day}T08:00:00Z", "end": f"{day}T10:00:00Z"}
        story.event("visit.booked", f"v{number:02}", window=promised)
    right = {"start": "2026-08-01T08:00:00Z", "end": "2026-08-01T10:00:00Z"}
    wrong = right | {"end": "2026-05-01T08:00:00Z"}
    store, applied, counts = InMemoryStore(), 0, []
    for what, subject, window in (
        ("booked", "w1", wrong),
        ("booked", "w2", wrong),
        ("rescheduled", "w1", right),
        ("cancelled", "w2", None),
        ("reopened", "w2", None),
        ("rescheduled", "v01", wrong),
    ):
        story.event(f"visit.{what}", subject, window=window)
        store.apply(story.events[applied:], batch)
        applied = len(story.events)
        shown = store.dashboard("biz_1", "cus_1", NOW, NOW[:10])
        assert shown
        counts.append((shown["upcoming_count"], [one["id"] for one in shown["awaiting"]]))
        assert shown["awaiting_count"] == len(shown["awaiting"])
    assert counts == [
        (31, ["w1"]),
        (31, ["w1", "w2"]),
        (32, ["w2"]),
        (32, []),
        (32, ["w2"]),
        (31, ["v01", "w2"]),
    ]
