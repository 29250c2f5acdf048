"""A second way of working out what customers see: joins over all their events, by VIEWS.md and API.md alone.

Slow and simple on purpose, and shares no code with the read models. Takes a log as it may be read: one CloudEvent as
a dict each, in an order that is legal, repeats included.
"""

from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from decimal import Decimal
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
    "visit": set(
        "rescheduled technician_assigned dispatched started completed missed cancelled reopened".split()
    ),
    "proof": {"retracted"},
    "proof_pack": {"withdrawn"},
    "invoice": {"due_date_changed", "credited", "voided"},
    "payment": {"refunded"},
    "subscription": {"changed", "renewed", "paused", "resumed", "cancelled"},
    "contract": {"amended", "renewed", "ended"},
}
OUTCOMES = ("completed", "missed", "cancelled")
ACTIVE_KINDS = ("visit", "invoice", "payment", "subscription", "contract", "proof_pack")
DIGITS = {"jpy": 0, "kwd": 3}


class Fact(NamedTuple):
    """An event that is not stale, with its place in the order of the log."""

    place: int
    kind: str
    fact: str
    subject: str
    data: Json
    event: Json


def served(text: str) -> str:
    """A timestamp as it is served."""
    at = datetime.fromisoformat(text).astimezone(UTC)
    return f"{at:%Y-%m-%dT%H:%M:%S}.{at.microsecond // 1000:03}Z"


def rate(part: int, whole: int) -> float | None:
    """Cut to 4 decimals."""
    return float((Decimal(part) / whole).quantize(Decimal("0.0001"), "ROUND_DOWN")) if whole else None


def month_of(visit: Json) -> str:
    """The calendar month of the window's start in the visit's timezone."""
    start = datetime.fromisoformat(visit["window"]["start"])
    return start.astimezone(ZoneInfo(visit["timezone"])).strftime("%Y-%m")


def latest(visits: Iterable[Json]) -> list[Json]:
    """Latest start first, ties by id."""
    return sorted(sorted(visits, key=lambda v: str(v["id"])), key=start_of, reverse=True)


def soonest(visits: Iterable[Json]) -> list[Json]:
    """Soonest start first, ties by id."""
    return sorted(visits, key=lambda v: (v["window"]["start"], v["id"]))


def start_of(visit: Json) -> str:
    """Where the promised window begins."""
    return str(visit["window"]["start"])


def newest(documents: Iterable[Json], field: str) -> list[Json]:
    """The highest value first, ties by id."""
    return sorted(sorted(documents, key=lambda d: str(d["id"])), key=lambda d: str(d[field]), reverse=True)


def pick(source: Mapping[str, Any], *names: str) -> Json:
    """Some of the fields."""
    return {name: source[name] for name in names}


class Seen:
    """What one customer sees at `now`, of a log."""

    def __init__(self, log: Iterable[Json], business: str, customer: str, now: datetime) -> None:
        self.now = served(now.isoformat())
        highest: dict[tuple[str, str], int] = {}
        self.facts: list[Fact] = []
        self.business_zone: str | None = None
        for place, event in enumerate(log):
            if event["businessid"] != business:
                continue
            _, kind, fact, _ = event["type"].split(".")
            data = event.get("data") or {}
            if (kind, fact) == ("business", "registered") and self.business_zone is None:
                self.business_zone = data["timezone"]
            if event.get("customerid") != customer:
                continue
            subject = kind, event["subject"]
            if int(event["sequence"]) > highest.get(subject, 0):
                highest[subject] = int(event["sequence"])
                if fact in FIRST.get(kind, set()) | LATER.get(kind, set()):
                    self.facts.append(Fact(place, kind, fact, event["subject"], data, event))
        self.today = now.astimezone(ZoneInfo(self.business_zone or "UTC")).date().isoformat()

    def of(self, kind: str) -> dict[str, list[Fact]]:
        """The facts of each subject of a kind, those of which the first fact is there; a second one is left out."""
        by_subject: dict[str, list[Fact]] = defaultdict(list)
        for fact in self.facts:
            if fact.kind == kind:
                by_subject[fact.subject].append(fact)
        again: set[str] = set() if kind in ("payment", "proof_pack") else FIRST[kind]
        return {
            subject: [facts[0], *(later for later in facts[1:] if later.fact not in again)]
            for subject, facts in by_subject.items()
            if facts[0].fact in FIRST[kind]
        }

    def contact(self) -> Json | None:
        """The customer's own data; None when there is no portal."""
        facts = next(iter(self.of("customer").values()), [])
        if not facts or any(fact.fact == "erased" for fact in self.facts if fact.kind == "customer"):
            return None
        contact = {name: facts[0].data.get(name) for name in ("name", "emails", "phone")}
        for fact in facts[1:]:
            for name, value in fact.data.items():
                if name in contact and (value is not None or name == "phone"):
                    contact[name] = value
        return contact

    def visits(self) -> list[Json]:
        """All visits, with what their events left."""
        visits = []
        for subject, facts in self.of("visit").items():
            booked = facts[0].data
            visit: Json = {
                "id": subject,
                "status": "scheduled",
                "service": booked["service"]["name"],
                "window": booked["window"],
                "timezone": booked["timezone"],
                "technician": (booked.get("technician") or {}).get("name"),
                "contract_id": booked.get("contract_id"),
                "subscription_id": booked.get("subscription_id"),
                "started": None,
                "completed": {},
                "responsible": None,
            }
            for _, _, fact, _, data, _ in facts[1:]:
                if fact == "rescheduled":
                    visit["window"] = data["window"]
                    if visit["status"] == "on_the_way":
                        visit["status"] = "scheduled"
                elif fact == "technician_assigned":
                    visit["technician"] = data["technician"]["name"]
                elif fact == "reopened":
                    visit.update(status="scheduled", started=None, completed={}, responsible=None)
                elif fact == "dispatched":
                    visit["status"] = "on_the_way"
                elif fact == "started":
                    visit.update(status="in_progress", started=data["arrived_at"])
                elif fact == "completed":
                    visit.update(status=fact, completed=data)
                else:
                    visit.update(
                        status=fact, responsible=data.get("responsible") or data.get("cancelled_by")
                    )
            visit["window"] = {name: served(visit["window"][name]) for name in ("start", "end")}
            arrived = visit["started"] or visit["completed"].get("arrived_at")
            visit["arrived_at"] = served(arrived) if arrived else None
            done = visit["status"] == "completed"
            visit["completed_at"] = served(visit["completed"]["completed_at"]) if done else None
            pack = self.pack(subject)
            visit["has_proof"] = pack is not None and bool(pack["items"] or pack["document"])
            visits.append(visit)
        return visits

    def pack(self, visit_id: str) -> Json | None:
        """The visit's shown Proof Pack: ids of its items and its document."""
        homes = {
            (kind, subject): facts[0].data["visit_id"]
            for kind in ("proof", "proof_pack")
            for subject, facts in self.of(kind).items()
        }
        published = [
            fact
            for fact in self.facts
            if (fact.kind, fact.fact) == ("proof_pack", "published")
            and homes[fact.kind, fact.subject] == visit_id
        ]
        if not published:
            return None
        last = published[-1]
        for fact in self.facts:
            if fact[1:4] == ("proof_pack", "withdrawn", last.subject) and fact.place > last.place:
                return None
        retracted = {fact.subject for fact in self.facts if (fact.kind, fact.fact) == ("proof", "retracted")}
        items = [
            _id for _id in last.data["items"] if homes.get(("proof", _id)) == visit_id and _id not in retracted
        ]
        return {"id": last.subject, "items": items, "document": last.data.get("document")}

    def upcoming(self) -> list[Json]:
        """Appointments under way or still to come."""
        return soonest(
            visit
            for visit in self.visits()
            if visit["status"] in ("on_the_way", "in_progress")
            or (visit["status"] == "scheduled" and visit["window"]["end"] >= self.now)
        )

    def awaiting(self) -> list[Json]:
        """Appointments of which the office has not said what happened."""
        return latest(
            visit
            for visit in self.visits()
            if visit["status"] == "scheduled" and visit["window"]["end"] < self.now
        )

    def past(self) -> list[Json]:
        """Visits with an outcome."""
        return latest(visit for visit in self.visits() if visit["status"] in OUTCOMES)

    def payments(self) -> list[Json]:
        """The payment history."""
        invoices = self.of("invoice")
        payments = []
        for subject, facts in self.of("payment").items():
            first = facts[0]
            invoice = invoices.get(first.data["invoice_id"])
            if invoice is None:
                continue
            # After `succeeded` only refunds change it.
            paid = next((fact for fact in facts if fact.fact == "succeeded"), None)
            shown = paid or [fact for fact in facts if fact.fact == "failed"][-1]
            refunds = {f.data["refund_id"]: f.data["amount"] for f in reversed(facts) if f.fact == "refunded"}
            refunded, amount = sum(refunds.values()), shown.data["amount"]
            if paid is None:
                status = "failed"
            elif not refunds:
                status = "succeeded"
            else:
                status = "refunded" if refunded >= amount else "partially_refunded"
            payments.append(
                {
                    "id": subject,
                    "status": status,
                    "amount": {"amount": amount, "currency": shown.data["currency"]},
                    "refunded": {"amount": refunded, "currency": shown.data["currency"]},
                    "at": served(paid.data["paid_at"] if paid else shown.event["time"]),
                    "invoice_id": first.data["invoice_id"],
                    "invoice_number": invoice[0].data["number"],
                }
            )
        return newest(payments, "at")

    def invoices(self) -> list[Json]:
        """All invoices."""
        payments = self.payments()
        invoices = []
        for subject, facts in self.of("invoice").items():
            issued = facts[0].data
            currency, total = issued["currency"], issued["total"]
            if isinstance(total, str):
                total = int(Decimal(total).scaleb(DIGITS.get(currency, 2)))
            credits = {
                f.data["credit_note_id"]: f.data["amount"] for f in reversed(facts) if f.fact == "credited"
            }
            paid = sum(
                payment["amount"]["amount"] - payment["refunded"]["amount"]
                for payment in payments
                if payment["invoice_id"] == subject
                and payment["status"] != "failed"
                and payment["amount"]["currency"] == currency
            )
            due = max(0, total - sum(credits.values()) - paid)
            void = any(fact.fact == "voided" for fact in facts)
            due_on = [fact.data["due_on"] for fact in facts if "due_on" in fact.data][-1]
            status = "void" if void else "open" if due else "paid"
            invoices.append(
                {
                    "id": subject,
                    "number": issued["number"],
                    "status": status,
                    "issued_on": issued["issued_on"],
                    "due_on": due_on,
                    "overdue": status == "open" and due_on < self.today,
                    "total": {"amount": total, "currency": currency},
                    "amount_due": {"amount": 0 if void else due, "currency": currency},
                }
            )
        return newest(invoices, "issued_on")

    def subscriptions(self) -> list[Json]:
        """All subscriptions."""
        upcoming = self.upcoming()
        subscriptions = []
        for subject, facts in self.of("subscription").items():
            started = facts[0].data
            state = pick(started, "plan", "items", "interval", "current_period")
            state |= {"status": "active", "resumes_on": None, "ends_on": None}
            for _, _, fact, _, data, _ in facts[1:]:
                if fact in ("changed", "renewed"):
                    state |= {
                        name: value for name, value in data.items() if name in state and value is not None
                    }
                elif fact == "cancelled":
                    state |= {"status": fact, "resumes_on": None, "ends_on": data["ends_on"]}
                else:
                    status = "paused" if fact == "paused" else "active"
                    state |= {"status": status, "resumes_on": data.get("resumes_on"), "ends_on": None}
            price = sum(item["quantity"] * item["unit_amount"] for item in state["items"])
            following = [visit["id"] for visit in upcoming if visit["subscription_id"] == subject]
            subscriptions.append(
                {
                    "id": subject,
                    "status": state["status"],
                    "plan": state["plan"]["name"],
                    "price": {"amount": price, "currency": started["currency"]},
                    **pick(state, "interval", "current_period", "resumes_on", "ends_on"),
                    "next_visit_id": following[0] if following else None,
                }
            )
        return sorted(subscriptions, key=lambda s: (s["plan"], s["id"]))

    def contracts(self) -> list[Json]:
        """All contracts, with their health."""
        visits = self.past()
        contracts = []
        for subject, facts in self.of("contract").items():
            signed = facts[0].data
            state = {name: signed.get(name) for name in ("title", "ends_on", "sla")}
            for fact in facts[1:]:
                if fact.fact in ("amended", "renewed"):
                    for name, value in fact.data.items():
                        if name in state and (value is not None or name == "ends_on"):
                            state[name] = value
            if any(fact.fact == "ended" for fact in facts):
                status = "ended"
            elif state["ends_on"] is not None and state["ends_on"] < self.today:
                status = "expired"
            else:
                status = "active"
            mine = [visit for visit in visits if visit["contract_id"] == subject]
            contracts.append(
                {
                    "id": subject,
                    "number": signed["number"],
                    "title": state["title"],
                    "status": status,
                    "starts_on": signed["starts_on"],
                    "ends_on": state["ends_on"],
                    "health": health(mine, state["sla"]),
                }
            )
        return newest(contracts, "starts_on")

    def activity(self) -> list[Json]:
        """Of the 50 latest events, those whose entity is shown, without their words."""
        shown = {kind: set(self.of(kind)) for kind in ACTIVE_KINDS}
        shown["payment"] = {payment["id"] for payment in self.payments()}
        counted = [fact for fact in self.facts if fact.kind in ACTIVE_KINDS]
        counted.sort(
            key=lambda f: (served(f.event["time"]), f.event["source"], f.event["id"]), reverse=True
        )
        return [
            {"at": served(fact.event["time"]), "what": f"{fact.kind}.{fact.fact}", "subject": fact.subject}
            for fact in counted[:50]
            if fact.subject in shown[fact.kind]
        ]

    def portal(self) -> Json | None:
        """The dashboard (API.md, GET /{slug}/api/portal), but for `as_of`; None when there is no portal."""
        contact = self.contact()
        if contact is None:
            return None
        appointment = (
            "id",
            "status",
            "service",
            "window",
            "timezone",
            "technician",
            "contract_id",
            "subscription_id",
        )
        visit = (*appointment, "completed_at", "has_proof")
        upcoming, awaiting = self.upcoming(), self.awaiting()
        completed = [one for one in self.past() if one["status"] == "completed"]
        is_open = [invoice for invoice in self.invoices() if invoice["status"] == "open"]
        is_open.sort(key=lambda i: (i["due_on"], i["number"], i["id"]))
        balance: dict[str, int] = defaultdict(int)
        for invoice in is_open:
            balance[invoice["amount_due"]["currency"]] += invoice["amount_due"]["amount"]
        return {
            "customer": {"id": self.facts[0].event["customerid"], **contact},
            "upcoming": [pick(one, *appointment) for one in upcoming[:10]],
            "upcoming_count": len(upcoming),
            "awaiting": [pick(one, *appointment) for one in awaiting[:10]],
            "awaiting_count": len(awaiting),
            "recent_visits": [pick(one, *visit) for one in completed[:10]],
            "open_invoices": is_open[:10],
            "open_invoice_count": len(is_open),
            "balance": [{"amount": balance[currency], "currency": currency} for currency in sorted(balance)],
            "subscriptions": [
                one
                for one in self.subscriptions()
                if one["status"] != "cancelled" or one["ends_on"] >= self.today
            ][:10],
            "contracts": [one for one in self.contracts() if one["status"] != "ended"][:10],
            "updated_at": max(served(fact.event["time"]) for fact in self.facts),
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
    is_on_time: Callable[[Json], bool] = lambda one: (  # noqa: E731
        datetime.fromisoformat(one["arrived_at"]) - datetime.fromisoformat(one["window"]["end"]) <= grace
    )
    on_time, with_proof = sum(map(is_on_time, timed)), sum(one["has_proof"] for one in completed)
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
