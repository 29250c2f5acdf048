"""Appointments, visits and their Proof Packs."""

from collections.abc import Iterable

from tests.support.oracle.facts import Fact, Facts, Json, newest, served

OUTCOMES = ("completed", "missed", "cancelled")
UNDER_WAY = ("on_the_way", "in_progress")


def visits(facts: Facts) -> list[Json]:
    """All visits, with what their events left; `starts` is the window's start."""
    return [visit(facts, subject, of_visit) for subject, of_visit in facts.of("visit").items()]


def visit(facts: Facts, subject: str, of_visit: list[Fact]) -> Json:
    """One visit: its list item (docs/contracts/api.md), and what its contract's health is made of."""
    booked = of_visit[0].data
    status, window, responsible = "scheduled", booked["window"], None
    technician = (booked.get("technician") or {}).get("name")
    started: str | None = None
    completed: Json = {}
    for _, _, fact, _, data, _ in of_visit[1:]:
        if fact == "rescheduled":
            window = data["window"]
            status = "scheduled" if status == "on_the_way" else status
        elif fact == "technician_assigned":
            technician = data["technician"]["name"]
        elif fact == "reopened":
            status, started, completed, responsible = "scheduled", None, {}, None
        elif fact == "dispatched":
            status = "on_the_way"
        elif fact == "started":
            status, started = "in_progress", data["arrived_at"]
        elif fact == "completed":
            status, completed = fact, data
        else:
            status, responsible = fact, data.get("responsible") or data.get("cancelled_by")
    arrived = started or completed.get("arrived_at")
    shown = pack(facts, subject)
    return {
        "id": subject,
        "status": status,
        "service": booked["service"]["name"],
        "window": {name: served(window[name]) for name in ("start", "end")},
        "timezone": booked["timezone"],
        "technician": technician,
        "contract_id": booked.get("contract_id"),
        "subscription_id": booked.get("subscription_id"),
        "completed_at": served(completed["completed_at"]) if status == "completed" else None,
        "has_proof": shown is not None and bool(shown["items"] or shown["document"]),
        "starts": served(window["start"]),
        "arrived_at": served(arrived) if arrived else None,
        "responsible": responsible,
    }


def pack(facts: Facts, visit_id: str) -> Json | None:
    """The visit's shown Proof Pack: ids of its items and its document."""
    homes = {
        (kind, subject): of_subject[0].data["visit_id"]
        for kind in ("proof", "proof_pack")
        for subject, of_subject in facts.of(kind).items()
    }
    published = [
        fact for fact in facts.all if fact.fact == "published" and homes[fact.kind, fact.subject] == visit_id
    ]
    if not published:
        return None
    last = published[-1]
    withdrawn = ("proof_pack", "withdrawn", last.subject)
    if any(fact[1:4] == withdrawn and fact.place > last.place for fact in facts.all):
        return None
    retracted = {fact.subject for fact in facts.all if fact.fact == "retracted"}
    items = [
        _id for _id in last.data["items"] if homes.get(("proof", _id)) == visit_id and _id not in retracted
    ]
    return {"items": items, "document": last.data.get("document")}


def upcoming(facts: Facts) -> list[Json]:
    """Appointments under way or still to come, soonest first."""
    ahead = [
        one
        for one in visits(facts)
        if one["status"] in UNDER_WAY or (one["status"] == "scheduled" and one["window"]["end"] >= facts.now)
    ]
    return sorted(ahead, key=lambda one: (one["starts"], one["id"]))


def awaiting(facts: Facts) -> list[Json]:
    """Appointments of which the office has not said what happened, latest first."""
    return latest(
        one for one in visits(facts) if one["status"] == "scheduled" and one["window"]["end"] < facts.now
    )


def past(facts: Facts) -> list[Json]:
    """Visits with an outcome, latest first."""
    return latest(one for one in visits(facts) if one["status"] in OUTCOMES)


def latest(some: Iterable[Json]) -> list[Json]:
    """Visits, the latest start of the window first, ties by id."""
    return newest(some, "starts")
