"""docs/contracts/views.md, Contracts and their health: given the visits of a contract, its figures are …"""

from read_models.contract_month import rate
from read_models.documents import Doc
from tests.support.event_builder import EventBuilder, registered
from tests.support.in_memory_store import InMemoryStore

NOW = "2026-06-01T00:00:00.000Z"


def story() -> EventBuilder:
    return registered().event("contract.signed", "c1")


def visited(
    told: EventBuilder, subject: str, day: str, *, arrived: str | None = None, outcome: str = "completed"
) -> EventBuilder:
    window = {"start": f"{day}T16:00:00Z", "end": f"{day}T18:00:00Z"}
    told.event("visit.booked", subject, window=window, contract_id="c1")
    if arrived:
        told.event("visit.started", subject, arrived_at=f"{day}T{arrived}Z")
    return told.event(f"visit.{outcome}", subject)


def health(told: EventBuilder, now: str = NOW) -> Doc:
    store = InMemoryStore()
    store.apply(told.events)
    shown = store.dashboard(told.business, told.customer, now, now[:10])
    assert shown
    figures: Doc = shown["contracts"][0]["health"]
    return figures


def test_a_rate_is_cut_so_that_one_means_every_one() -> None:
    assert rate(0, 0) is None
    assert rate(2, 3) == 0.6666
    assert rate(99_999, 100_000) == 0.9999
    assert rate(7, 7) == 1.0


def test_on_time_is_up_to_the_grace_after_the_window_to_the_millisecond() -> None:
    told = visited(story(), "v1", "2026-01-05", arrived="18:15:00")
    visited(told, "v2", "2026-01-06", arrived="18:15:00.001")
    visited(told, "v3", "2026-01-07", arrived="14:00:00")
    visited(told, "v4", "2026-01-08")
    figures = health(told)
    assert (figures["completed"], figures["timed"], figures["on_time"]) == (4, 3, 2)
    assert figures["on_time_rate"] == 0.6666


def test_what_the_business_did_not_cause_is_not_due() -> None:
    told = visited(story(), "v1", "2026-01-05")
    visited(told, "v2", "2026-01-06", outcome="missed")
    for subject, responsible in (("v3", "customer"), ("v4", "other")):
        told.event("visit.booked", subject, contract_id="c1")
        told.event("visit.missed", subject, responsible=responsible)
    told.event("visit.booked", "v5", contract_id="c1").event("visit.cancelled", "v5", cancelled_by="customer")
    told.event("visit.booked", "v6", contract_id="c1").event("visit.cancelled", "v6")
    figures = health(told)
    assert (figures["due"], figures["completed"], figures["completion_rate"]) == (3, 1, 0.3333)


def test_an_amended_sla_scores_all_visits_again_in_the_trend_too() -> None:
    told = story()
    for month in range(1, 13):
        visited(told, f"v{month}", f"2025-{month:02}-05", arrived="18:20:00")
    visited(told, "v13", "2026-01-05", arrived="18:20:00")
    assert health(told)["on_time"] == 0
    told.event("contract.amended", "c1", sla={"on_time_grace_minutes": 20, "on_time_target": 0.9})
    figures = health(told)
    assert figures["on_time"] == 13
    assert [month["month"] for month in figures["trend"]] == [f"2025-{m:02}" for m in range(2, 13)] + [
        "2026-01"
    ]
    assert all(month["on_time"] == 1 for month in figures["trend"])
    assert figures["targets"] == {"completion": None, "on_time": 0.9, "proof": None}


def test_a_visit_counts_in_the_month_of_its_own_zone() -> None:
    told = story().event(
        "visit.booked",
        "v1",
        window={"start": "2026-02-01T02:00:00Z", "end": "2026-02-01T04:00:00Z"},
        contract_id="c1",
    )
    told.event("visit.completed", "v1")
    assert [month["month"] for month in health(told)["trend"]] == ["2026-01"]


def test_visits_wait_for_a_contract_that_arrives_later() -> None:
    early = visited(registered(), "v1", "2026-01-05", arrived="18:05:00")
    early.event("contract.signed", "c1")
    assert health(early)["on_time"] == 1


def test_a_month_in_which_nothing_is_due_any_more_leaves_the_trend() -> None:
    told = visited(story(), "v1", "2026-01-05").event("visit.reopened", "v1")
    store = InMemoryStore(cached=True)
    store.apply(told.events, 1)
    assert health(told)["trend"] == []
    assert not [document for document in store.docs.values() if document["kind"] == "month"]


def test_proof_counts_for_completed_visits_with_a_shown_pack_that_holds_something() -> None:
    told = visited(story(), "v1", "2026-01-05").event("proof_pack.published", "k1")
    assert health(told)["with_proof"] == 0
    told.event("proof.uploaded", "p1")
    assert health(told)["proof_rate"] == 1.0
    told.event("proof.retracted", "p1")
    assert health(told)["with_proof"] == 0


def test_an_ended_contract_leaves_the_dashboard_and_one_past_its_end_is_expired() -> None:
    told = registered()
    told.event("contract.signed", "c1", ends_on="2026-05-31").event(
        "contract.signed", "c2", starts_on="2026-02-01"
    )
    store = InMemoryStore()
    store.apply(told.event("contract.ended", "c2").events)
    shown = store.dashboard("biz_1", "cus_1", NOW, "2026-06-01")
    assert shown
    assert [(item["id"], item["status"]) for item in shown["contracts"]] == [("c1", "expired")]
