"""Month document of a contract: counts and rates, per month and in all.

See docs/contracts/views.md, Contracts and their health.

Counts come from the visits' tallies. A month is a document of its own that also counts how many of its visits were
how late; so a new grace re-scores a contract by reading its months, and one visit costs one month, however long the
history.
"""

from read_models.documents import Doc, document_id
from read_models.visit import HealthContribution

COUNTS = ("due", "completed", "timed", "on_time", "with_proof")


def rate(part: int, whole: int) -> float | None:
    """`part / whole` cut to 4 decimals, so that 1.0 means every one; None when there is nothing to rate."""
    return part * 10_000 // whole / 10_000 if whole else None


def rates(counts: Doc) -> Doc:
    """Return the counts with their rates, in the order in which they are served."""
    return {
        "due": counts["due"],
        "completed": counts["completed"],
        "completion_rate": rate(counts["completed"], counts["due"]),
        "timed": counts["timed"],
        "on_time": counts["on_time"],
        "on_time_rate": rate(counts["on_time"], counts["timed"]),
        "with_proof": counts["with_proof"],
        "proof_rate": rate(counts["with_proof"], counts["completed"]),
    }


def new_month(business: str, customer: str, contract_id: str, month: str) -> Doc:
    """Return a month in which no visit of the contract was due. `late` counts its timed visits by minutes late."""
    subject = month_subject(contract_id, month)
    return {
        "_id": document_id(business, customer, "month", subject),
        "business": business,
        "customer": customer,
        "kind": "month",
        "id": subject,
        "contract_id": contract_id,
        "month": month,
        "down": {"list": "months", "key": month},
        "due": 0,
        "completed": 0,
        "timed": 0,
        "with_proof": 0,
        "late": {},
    }


def is_empty(month: Doc) -> bool:
    """Return whether no visit is due in it (any more)."""
    return not month["due"]


def month_subject(contract_id: str, month: str) -> str:
    """Return the id of a contract's month; ids of the contract hold no colon."""
    return f"{contract_id}:{month}"


def add_contribution(month: Doc, tally: HealthContribution, sign: int) -> None:
    """Add a visit's tally to its month (`sign` 1) or take it away (-1)."""
    month["due"] += sign
    month["completed"] += sign * tally.completed
    month["with_proof"] += sign * tally.with_proof
    if tally.late is not None:
        month["timed"] += sign
        minutes = str(tally.late)
        late = dict(month["late"])
        late[minutes] = late.get(minutes, 0) + sign
        month["late"] = {key: late[key] for key in sorted(late) if late[key]}


def on_time(month: Doc, grace: int | None) -> int:
    """Return how many of the month's timed visits came no later than `grace` minutes after their window."""
    if grace is None:
        return 0
    return sum(visits for minutes, visits in month["late"].items() if int(minutes) <= grace)


def to_trend_entry(month: Doc, grace: int | None) -> Doc:
    """Return the month in the trend."""
    counts = {name: month[name] for name in COUNTS if name != "on_time"} | {"on_time": on_time(month, grace)}
    return {"id": month["id"], "month": month["month"]} | rates(counts)
