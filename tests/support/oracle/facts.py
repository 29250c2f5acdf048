"""The events of one customer that count, and how their values are served."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

Json = dict[str, Any]

FIRST = {
    "customer": {"registered"},
    "visit": {"booked"},
    "proof": {"uploaded"},
    "proof_pack": {"published"},
    "invoice": {"issued"},
    "payment": {"succeeded", "failed"},
    "subscription": {"started"},
    "contract": {"signed"},
}
LATER = {
    "customer": {"contact_changed", "erased"},
    "visit": {
        *("rescheduled", "technician_assigned", "dispatched", "started"),
        *("completed", "missed", "cancelled", "reopened"),
    },
    "proof": {"retracted"},
    "proof_pack": {"withdrawn"},
    "invoice": {"due_date_changed", "credited", "voided"},
    "payment": {"refunded"},
    "subscription": {"changed", "renewed", "paused", "resumed", "cancelled"},
    "contract": {"amended", "renewed", "ended"},
}
OCCURS_AGAIN = ("payment", "proof_pack")
"""Kinds whose first fact may be followed by another that counts."""


class Fact(NamedTuple):
    """An event that is not stale, with its place in the order of the log."""

    place: int
    kind: str
    fact: str
    subject: str
    data: Json
    event: Json


class Facts:
    """What happened to one customer, and when it is looked at: `now` as served, `today` as the business's date."""

    def __init__(self, log: Iterable[Json], business: str, customer: str, now: datetime) -> None:
        self.now = served(now.isoformat())
        self.all: list[Fact] = []
        highest: dict[tuple[str, str], int] = {}
        zone = ""
        for place, event in enumerate(log):
            if event["businessid"] != business:
                continue
            _, kind, fact, _ = event["type"].split(".")
            data = event.get("data") or {}
            if (kind, fact) == ("business", "registered"):
                zone = zone or data["timezone"]
            if event.get("customerid") != customer:
                continue
            subject = kind, event["subject"]
            if int(event["sequence"]) > highest.get(subject, 0):
                highest[subject] = int(event["sequence"])
                if fact in FIRST.get(kind, set()) | LATER.get(kind, set()):
                    self.all.append(Fact(place, kind, fact, event["subject"], data, event))
        self.today = now.astimezone(ZoneInfo(zone or "UTC")).date().isoformat()

    def of(self, kind: str) -> dict[str, list[Fact]]:
        """The facts of each subject of a kind, those of which the first fact is there; a second one is left out."""
        by_subject: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.all:
            if fact.kind == kind:
                by_subject[fact.subject].append(fact)
        again = set() if kind in OCCURS_AGAIN else FIRST[kind]
        return {
            subject: [facts[0], *(later for later in facts[1:] if later.fact not in again)]
            for subject, facts in by_subject.items()
            if facts[0].fact in FIRST[kind]
        }


def served(text: str) -> str:
    """A timestamp as it is served."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def newest(documents: Iterable[Json], field: str) -> list[Json]:
    """The highest value first, ties by id."""
    return sorted(sorted(documents, key=lambda d: str(d["id"])), key=lambda d: str(d[field]), reverse=True)


def pick(source: Mapping[str, Any], *names: str) -> Json:
    """Some of the fields."""
    return {name: source[name] for name in names}
