"""A visit; before it happens the portal calls it an appointment (docs/contracts/views.md, Appointments and visits)."""

from collections.abc import Callable
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from events.envelope import Event
from events.visits import (
    VisitBooked,
    VisitCancelled,
    VisitCompleted,
    VisitDispatched,
    VisitMissed,
    VisitReopened,
    VisitRescheduled,
    VisitStarted,
    VisitTechnicianAssigned,
)
from read_models.documents import Doc, append_activity, new_document, parse, to_plain
from read_models.indexed_lists import set_list_membership

FIRST = frozenset({"booked"})
OUTCOMES = frozenset({"completed", "missed", "cancelled"})
UNDER_WAY = frozenset({"on_the_way", "in_progress"})


def new(business: str, customer: str, subject: str) -> Doc:
    """Return a visit that waits to be booked; proofs, packs and invoices may name it already.

    `proofs` are the ids of its items that are uploaded and not retracted, `pack` the one published last
    {id, items, document, published_at, withdrawn}, `invoices` the ids of those that bill it.
    """
    return new_document(business, customer, "visit", subject) | {"proofs": [], "pack": None, "invoices": []}


def evolve(visit: Doc, event: Event) -> None:
    """Apply an event of the visit; nothing changes when it was not booked, or is booked again."""
    if visit["shown"] != (event.fact in FIRST):
        HANDLERS[event.fact](visit, event, event.data)


def _booked(visit: Doc, event: Event, data: VisitBooked) -> None:
    visit.update(
        shown=True,
        status="scheduled",
        service=to_plain(data.service),
        window={"start": data.window.start, "end": data.window.end},
        timezone=data.timezone,
        address=to_plain(data.address),
        technician=to_plain(data.technician),
        contract_id=data.contract_id,
        subscription_id=data.subscription_id,
        instructions=data.instructions,
        eta=None,
        started_at=None,
        completion=None,
        responsible=None,
        reason=None,
    )
    append_activity(visit, event, window=visit["window"])


def _rescheduled(visit: Doc, event: Event, data: VisitRescheduled) -> None:
    before = visit["window"]
    visit["window"] = {"start": data.window.start, "end": data.window.end}
    if visit["status"] == "on_the_way":
        visit.update(status="scheduled", eta=None)
    append_activity(
        visit, event, before=before, window=visit["window"], by=data.requested_by, reason=data.reason
    )


def _technician_assigned(visit: Doc, event: Event, data: VisitTechnicianAssigned) -> None:
    visit["technician"] = to_plain(data.technician)
    append_activity(visit, event, technician=data.technician.name)


def _dispatched(visit: Doc, event: Event, data: VisitDispatched) -> None:
    eta = data.eta
    visit.update(status="on_the_way", eta=eta)
    append_activity(visit, event, eta=eta)


def _started(visit: Doc, event: Event, data: VisitStarted) -> None:
    visit.update(status="in_progress", started_at=data.arrived_at, eta=None)
    append_activity(visit, event, arrived_at=data.arrived_at)


def _completed(visit: Doc, event: Event, data: VisitCompleted) -> None:
    visit.update(
        status="completed",
        eta=None,
        completion={
            "completed_at": data.completed_at,
            "arrived_at": data.arrived_at,
            "summary": data.summary,
            "tasks": [{"name": task.name, "done": task.done} for task in data.tasks or ()],
        },
    )
    append_activity(visit, event, completed_at=data.completed_at)


def _missed(visit: Doc, event: Event, data: VisitMissed) -> None:
    visit.update(status="missed", eta=None, responsible=data.responsible, reason=data.reason)
    append_activity(visit, event, by=data.responsible, reason=data.reason)


def _cancelled(visit: Doc, event: Event, data: VisitCancelled) -> None:
    visit.update(status="cancelled", eta=None, responsible=data.cancelled_by, reason=data.reason)
    append_activity(visit, event, by=data.cancelled_by, reason=data.reason)


def _reopened(visit: Doc, event: Event, data: VisitReopened) -> None:
    visit.update(
        status="scheduled", eta=None, started_at=None, completion=None, responsible=None, reason=None
    )
    append_activity(visit, event, reason=data.reason)


HANDLERS: dict[str, Callable[[Doc, Event, Any], None]] = {
    "booked": _booked,
    "rescheduled": _rescheduled,
    "technician_assigned": _technician_assigned,
    "dispatched": _dispatched,
    "started": _started,
    "completed": _completed,
    "missed": _missed,
    "cancelled": _cancelled,
    "reopened": _reopened,
}


def derive(visit: Doc) -> None:
    """Work out what follows from the rest: `phase` (open, past), `month`, `has_proof`, the arrival and `late`.

    `late` is by how many whole minutes, rounded up, the arrival was after the end of the window: on time is
    `late` <= grace, in exact seconds as well, since a grace is whole minutes (docs/contracts/views.md,
    Contracts and their health).
    """
    visit["has_proof"] = has_proof(visit)
    if not visit["shown"]:
        return
    visit["phase"] = "past" if visit["status"] in OUTCOMES else "open"
    start = visit["window"]["start"]
    if visit["phase"] == "open":
        set_list_membership(visit, up=("visits/open", start))
    else:
        set_list_membership(visit, down=(f"visits/{visit['status']}", start))
    completion = visit["completion"] if visit["status"] == "completed" else None
    arrived_at = visit["started_at"] or (completion and completion["arrived_at"])
    visit["arrived_at"] = arrived_at
    visit["completed_at"] = completion and completion["completed_at"]
    visit["late"] = None
    if completion and arrived_at:
        seconds = (parse(arrived_at) - parse(visit["window"]["end"])).total_seconds()
        visit["late"] = -int(-seconds // 60)
    if visit["contract_id"] is not None:
        visit["month"] = local_month(start, visit["timezone"])


def local_month(timestamp: str, zone: str) -> str:
    """Return the calendar month (`YYYY-MM`) of a moment in a zone."""
    if "02" <= timestamp[8:10] <= "27":
        return timestamp[:7]  # no zone is a whole day from UTC
    try:
        return parse(timestamp).astimezone(ZoneInfo(zone)).date().isoformat()[:7]
    except OverflowError:
        return timestamp[:7]  # the first and the last day of the calendar have no local time everywhere


def has_proof(visit: Doc) -> bool:
    """Return whether its pack is shown and holds an item or a document (docs/contracts/views.md, Proof Packs)."""
    pack = visit["pack"]
    if not pack or pack["withdrawn"]:
        return False
    return pack["document"] is not None or not set(pack["items"]).isdisjoint(visit["proofs"])


class HealthContribution(NamedTuple):
    """Contribution of a due visit to its contract's month; `late` in minutes, None if not timed."""

    month: str
    completed: bool
    with_proof: bool
    late: int | None


def tally(visit: Doc) -> HealthContribution | None:
    """Its part in the contract's health, None when it is not due.

    See docs/contracts/views.md, Contracts and their health.
    """
    if not visit["shown"] or visit["contract_id"] is None:
        return None
    completed = visit["status"] == "completed"
    if not completed and not (visit["phase"] == "past" and visit["responsible"] == "business"):
        return None
    return HealthContribution(visit["month"], completed, completed and visit["has_proof"], visit["late"])


def item(visit: Doc) -> Doc:
    """Return the visit in a list (docs/contracts/api.md, Records): an appointment or a past visit."""
    technician = visit["technician"]
    shape = {
        "id": visit["id"],
        "status": visit["status"],
        "service": visit["service"]["name"],
        "window": visit["window"],
        "timezone": visit["timezone"],
        "technician": technician and technician["name"],
        "contract_id": visit["contract_id"],
        "subscription_id": visit["subscription_id"],
    }
    if visit["phase"] == "past":
        shape |= {"completed_at": visit["completed_at"], "has_proof": visit["has_proof"]}
    return shape


def to_embedded_slot(visit: Doc) -> Doc:
    """Return the visit in the short lists of its contract and subscription: what sorts it and tells whether it
    passed."""
    return {"id": visit["id"], "window": visit["window"], "status": visit["status"]}


def upcoming(appointment: Doc, now: str) -> bool:
    """Return whether an appointment is upcoming at `now` (a served timestamp); else it awaits an update."""
    return appointment["status"] in UNDER_WAY or appointment["window"]["end"] >= now


def has_inverted_window(visit: Doc) -> bool:
    """Return whether it is an appointment whose window ends before it starts (docs/contracts/events.md, Values)."""
    return visit.get("phase") == "open" and bool(visit["window"]["end"] < visit["window"]["start"])


def detail(visit: Doc) -> Doc:
    """Return what a visit's page adds to the list's item (docs/contracts/api.md), but for what other documents hold."""
    completion = visit["completion"] if visit["status"] == "completed" else None
    return item(visit) | {
        "address": visit["address"],
        "instructions": visit["instructions"],
        "eta": visit["eta"],
        "arrived_at": visit["arrived_at"],
        "completed_at": visit["completed_at"],
        "has_proof": visit["has_proof"],
        "summary": completion and completion["summary"],
        "tasks": completion["tasks"] if completion else [],
        "reason": visit["reason"] if visit["status"] in ("missed", "cancelled") else None,
    }


def excluded_because(visit: Doc) -> str | None:
    """Why an outcome is held against nobody: `customer`, `other`, else None.

    See docs/contracts/views.md, The visits behind a figure.
    """
    if visit["status"] == "completed" or visit["responsible"] == "business":
        return None
    return str(visit["responsible"])
