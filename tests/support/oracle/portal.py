"""The dashboard and the activity."""

from collections import defaultdict
from typing import Any

from tests.support.oracle.contracts import contracts
from tests.support.oracle.facts import Fact, Facts, Json, pick, served
from tests.support.oracle.money import invoices, payments
from tests.support.oracle.subscriptions import subscriptions
from tests.support.oracle.visits import awaiting, past, upcoming

APPOINTMENT = (
    *("id", "status", "service", "window", "timezone"),
    *("technician", "contract_id", "subscription_id"),
)
VISIT = (*APPOINTMENT, "completed_at", "has_proof")
ACTIVE = ("visit", "invoice", "payment", "subscription", "contract", "proof_pack")


def portal(facts: Facts) -> Json | None:
    """The dashboard (docs/contracts/api.md, Dashboard), but for `as_of`; None when there is no portal."""
    who = contact(facts)
    if who is None:
        return None
    ahead, waiting = upcoming(facts), awaiting(facts)
    completed = [one for one in past(facts) if one["status"] == "completed"]
    due = [invoice for invoice in invoices(facts) if invoice["status"] == "open"]
    due.sort(key=lambda one: (one["due_on"], one["number"], one["id"]))
    balance: dict[str, int] = defaultdict(int)
    for invoice in due:
        balance[invoice["amount_due"]["currency"]] += invoice["amount_due"]["amount"]
    plans = [
        one for one in subscriptions(facts) if one["status"] != "cancelled" or one["ends_on"] >= facts.today
    ]
    return {
        "customer": who,
        "upcoming": [pick(one, *APPOINTMENT) for one in ahead[:10]],
        "upcoming_count": len(ahead),
        "awaiting": [pick(one, *APPOINTMENT) for one in waiting[:10]],
        "awaiting_count": len(waiting),
        "recent_visits": [pick(one, *VISIT) for one in completed[:10]],
        "open_invoices": due[:10],
        "open_invoice_count": len(due),
        "balance": [{"amount": balance[currency], "currency": currency} for currency in sorted(balance)],
        "subscriptions": plans[:10],
        "contracts": [one for one in contracts(facts) if one["status"] != "ended"][:10],
        "updated_at": max(served(fact.event["time"]) for fact in facts.all),
    }


def contact(facts: Facts) -> Json | None:
    """The customer's own data; None when not registered, or erased."""
    if erased(facts):
        return None
    for subject, (registered, *changes) in facts.of("customer").items():
        who = {"id": subject} | {name: registered.data.get(name) for name in ("name", "emails", "phone")}
        for change in changes:
            who["name"] = change.data.get("name") or who["name"]
            who["emails"] = change.data.get("emails") or who["emails"]
            who["phone"] = change.data.get("phone", who["phone"])
        return who
    return None


def erased(facts: Facts) -> bool:
    """Whether the customer is to be forgotten."""
    return any(fact.fact == "erased" for fact in facts.all)


def activity(facts: Facts) -> list[Json]:
    """Of the 50 latest events that changed something, those whose entity is shown, without their words."""
    if erased(facts):
        return []
    counted = [fact for kind in ACTIVE for of_one in facts.of(kind).values() for fact in changing(of_one)]
    counted.sort(key=lambda f: (served(f.event["time"]), f.event["source"], f.event["id"]), reverse=True)
    shown = {kind: set(facts.of(kind)) for kind in ACTIVE}
    shown["payment"] = {payment["id"] for payment in payments(facts)}
    shown["proof_pack"] = {
        pack
        for pack, of_pack in facts.of("proof_pack").items()
        if of_pack[0].data["visit_id"] in shown["visit"]
    }
    return [
        {"at": served(fact.event["time"]), "what": f"{fact.kind}.{fact.fact}", "id": fact.event["id"]}
        for fact in counted[:50]
        if fact.subject in shown[fact.kind]
    ]


def changing(of_one: list[Fact]) -> list[Fact]:
    """The facts of an entity without those that change nothing.

    These are a refund or credit again, and a failure that is not the first of its payment.
    """
    paid, seen, changing = False, set[Any](), list[Fact]()
    for fact in of_one:
        counted_once = fact.data.get("refund_id") or fact.data.get("credit_note_id")
        late = fact.kind == "payment" and (
            (paid and fact.fact == "succeeded") or (changing and fact.fact == "failed")
        )
        if late or counted_once in seen:
            continue
        seen |= {counted_once} - {None}
        paid = paid or fact.fact == "succeeded"
        changing.append(fact)
    return changing
