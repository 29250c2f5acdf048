"""Contracts and their health."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from decimal import Decimal
from zoneinfo import ZoneInfo

from tests.support.oracle.facts import Fact, Facts, Json, newest
from tests.support.oracle.visits import past


def contracts(facts: Facts) -> list[Json]:
    """All contracts, the latest start first."""
    visits = past(facts)
    of_each = facts.of("contract").items()
    every = [contract(facts, subject, of_subject, visits) for subject, of_subject in of_each]
    return newest(every, "starts_on")


def contract(facts: Facts, subject: str, of_contract: list[Fact], visits: Sequence[Json]) -> Json:
    """One contract, as a list item."""
    signed = of_contract[0].data
    title, ends_on, sla = signed["title"], signed.get("ends_on"), signed["sla"]
    for fact in of_contract[1:]:
        if fact.fact != "ended":
            title = fact.data.get("title") or title
            ends_on = fact.data.get("ends_on", ends_on)
            sla = fact.data.get("sla") or sla
    if any(fact.fact == "ended" for fact in of_contract):
        status = "ended"
    else:
        status = "expired" if ends_on is not None and ends_on < facts.today else "active"
    return {
        "id": subject,
        "number": signed["number"],
        "title": title,
        "status": status,
        "starts_on": signed["starts_on"],
        "ends_on": ends_on,
        "health": health([one for one in visits if one["contract_id"] == subject], sla),
    }


def health(visits: Sequence[Json], sla: Json) -> Json:
    """A contract's figures over its visits with an outcome, and their trend."""
    due = [one for one in visits if one["status"] == "completed" or one["responsible"] == "business"]
    months = sorted({month_of(one) for one in due})[-12:]
    grace = timedelta(minutes=sla["on_time_grace_minutes"])
    return {
        **figures(due, grace),
        "targets": {name: sla.get(f"{name}_target") for name in ("completion", "on_time", "proof")},
        "trend": [
            {"month": month, **figures([one for one in due if month_of(one) == month], grace)}
            for month in months
        ],
    }


def figures(due: Sequence[Json], grace: timedelta) -> Json:
    """The counts and rates over visits that are due."""
    completed = [one for one in due if one["status"] == "completed"]
    timed = [one for one in completed if one["arrived_at"]]
    on_time, with_proof = sum(late(one) <= grace for one in timed), sum(one["has_proof"] for one in completed)
    return {
        "due": len(due),
        "completed": len(completed),
        "completion_rate": rate(len(completed), len(due)),
        "timed": len(timed),
        "on_time": on_time,
        "on_time_rate": rate(on_time, len(timed)),
        "with_proof": with_proof,
        "proof_rate": rate(with_proof, len(completed)),
    }


def late(visit: Json) -> timedelta:
    """How long after the end of its window somebody arrived."""
    return datetime.fromisoformat(visit["arrived_at"]) - datetime.fromisoformat(visit["window"]["end"])


def month_of(visit: Json) -> str:
    """The calendar month of the window's start in the visit's timezone."""
    return datetime.fromisoformat(visit["starts"]).astimezone(ZoneInfo(visit["timezone"])).strftime("%Y-%m")


def rate(part: int, whole: int) -> float | None:
    """Cut to 4 decimals."""
    return float((Decimal(part) / whole).quantize(Decimal("0.0001"), "ROUND_DOWN")) if whole else None
