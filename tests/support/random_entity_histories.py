"""What may happen to each thing a customer has: legal, and full of what is rare (docs/contracts/events.md)."""

from collections.abc import Callable
from datetime import datetime, timedelta
from typing import Any

from tests.support.random_events import CURRENCIES, MEDIA, ZONES, Json, RandomEventSource


def contract(says: RandomEventSource, by: str, subject: str) -> None:
    """A contract that may be amended, renewed, ended."""

    def sla() -> Json:
        targets = {"on_time_target": 0.9} if says.rarely() else {}
        return {"on_time_grace_minutes": says.random.choice((15, 0, 60)), **targets}

    signed = {
        "number": f"C-{subject[-1]}",
        "title": "Pool care",
        "starts_on": says.day(-400, 0),
        "ends_on": says.maybe(says.day(-2, 2)),
        "services": [{"name": "Pool cleaning", "cadence": "weekly"}],
        "sla": sla(),
    }
    says.say("contract.signed", subject, signed, by=by)
    again = {**signed, "starts_on": "2020-01-01"}
    changes: list[Callable[[], None]] = [
        lambda: says.say("contract.amended", subject, {"sla": sla()}, by=by),
        lambda: says.say("contract.amended", subject, {"ends_on": says.maybe(says.day(-2, 2))}, by=by),
        lambda: says.say("contract.amended", subject, {"title": "Better care", "sla": None}, by=by),
        lambda: says.say("contract.renewed", subject, {"ends_on": says.day(-2, 2)}, by=by),
        lambda: says.say("contract.renegotiated", subject, {"sla": "of course"}, by=by),
        lambda: says.say("contract.ended", subject, {"ended_on": says.day(-9, 0)}, by=by),
    ]
    if not says.loses_it():
        changes.append(lambda: says.say("contract.signed", subject, again, by=by))
    for _ in range(says.random.randrange(4)):
        says.random.choice(changes)()


def subscription(says: RandomEventSource, by: str, subject: str) -> None:
    """A plan that may rest, change, be cancelled."""

    def items() -> list[Json]:
        return [{"id": "a", "name": "Visit", "quantity": says.random.randrange(1, 5), "unit_amount": 3000}]

    period = {"start": "2026-01-01", "end": "2026-01-31"}
    started = {
        "plan": {"id": "p", "name": says.random.choice(("Weekly pool", "Árbol", "weekly"))},
        "items": items(),
        "currency": says.random.choice(tuple(CURRENCIES)),
        "interval": "month",
        "current_period": period,
        "contract_id": says.maybe("con_x"),
    }
    says.say("subscription.started", subject, started, by=by)
    changes: list[Callable[[], None]] = [
        lambda: says.say("subscription.paused", subject, {"resumes_on": says.maybe("2026-04-01")}, by=by),
        lambda: says.say("subscription.resumed", subject, says.random.choice((None, {})), by=by),
        lambda: says.say("subscription.changed", subject, {"items": items(), "interval": None}, by=by),
        lambda: says.say("subscription.changed", subject, {"plan": {"id": "q", "name": "Zest"}}, by=by),
        lambda: says.say("subscription.renewed", subject, {"current_period": period}, by=by),
    ]
    for _ in range(says.random.randrange(4)):
        says.random.choice(changes)()
    if says.rarely() or says.rarely():
        says.say("subscription.cancelled", subject, {"ends_on": says.day(-1, 1)}, by=by)


def visit(says: RandomEventSource, by: str, subject: str, contracts: list[str], plans: list[str]) -> None:
    """A visit with anything that may happen to it, and its proof."""
    window = says.window()
    end = datetime.fromisoformat(window["end"])
    booked = {
        "service": {"id": "s", "name": says.random.choice(("Pool cleaning", "Filter change"))},
        "window": window,
        "timezone": says.random.choice(ZONES),
        "technician": says.maybe({"id": "t", "name": "Sam Ortiz"}),
        "contract_id": says.random.choice([*contracts, *contracts, None, "con_never"]),
        "subscription_id": says.random.choice([*plans, *plans, None, "sub_never"]),
    }
    says.say("visit.booked", subject, booked, by=by)

    def arrival() -> str:
        late = timedelta(minutes=says.random.choice((-60, 0, 15, 60)), milliseconds=says.random.randrange(2))
        return (end + late).isoformat(timespec="microseconds")

    def say(fact: str, **data: Any) -> None:
        says.say(f"visit.{fact}", subject, data, by=by)

    changes: list[Callable[[], None]] = [
        lambda: say("completed", completed_at=arrival(), arrived_at=says.maybe(arrival()), summary="Fine"),
        lambda: say("completed", completed_at=arrival(), tasks=[{"name": "Skim", "done": True}]),
        lambda: say("started", arrived_at=arrival()),
        lambda: say("dispatched", eta=says.maybe(window["end"])),
        lambda: say("missed", responsible=says.random.choice(("business", "customer", "other"))),
        lambda: say("cancelled", cancelled_by=says.random.choice(("business", "customer")), reason="Rain"),
        lambda: say("reopened"),
        lambda: say("rescheduled", window=says.window(), requested_by="customer", reason=says.maybe("Away")),
        lambda: say("technician_assigned", technician={"id": "u", "name": "Ana Roy", "photo": MEDIA}),
        lambda: say("inspected", by=[]),
    ]
    if not says.loses_it():
        changes.append(lambda: says.say("visit.booked", subject, {**booked, "contract_id": None}, by=by))
    for _ in range(says.random.randrange(5)):
        says.random.choice(changes)()
    if says.often():
        proof(says, by, subject)


def proof(says: RandomEventSource, by: str, visit_id: str) -> None:
    """Items and packs of a visit: published, again, in place of another, withdrawn, with items of other visits."""
    items = [f"prf_{visit_id}_{number}" for number in range(says.random.randrange(4))]
    packs = [f"pak_{visit_id}_{number}" for number in range(2)]
    published: list[str] = []
    for item in items:
        data = {"visit_id": visit_id, "kind": "photo", "media": MEDIA, "captured_at": says.moment(-2, 0)}
        says.say("proof.uploaded", item, data, by=by)
        says.loses_it()
    for _ in range(says.random.randrange(5)):
        if says.often() or not published:
            subject = says.random.choice(packs)
            named = [item for item in [*items, "prf_never", f"prf_vis_{by}_0_0"] if says.often()]
            contents: Json = {
                "visit_id": visit_id,
                "items": named,
                "document": MEDIA if says.rarely() else None,
            }
            says.say("proof_pack.published", subject, contents, by=by)
            published.append(subject)
        elif says.often() or not items:
            says.say("proof_pack.withdrawn", says.random.choice(published), {"visit_id": visit_id}, by=by)
        else:
            says.say("proof.retracted", items.pop(), {"visit_id": visit_id}, by=by)


def invoice(says: RandomEventSource, by: str, subject: str, number: str) -> None:
    """An invoice in either version, credits counted once, payments in its currency and in another."""
    currency = says.random.choice(tuple(CURRENCIES))
    total = says.random.choice((12900, 5, 0, 100))
    version = says.random.choice((2, 1))
    digits = CURRENCIES[currency]
    major = f"{total / 10**digits:.{digits}f}"
    issued = {
        "number": number,
        "issued_on": says.day(-30, 0),
        "due_on": says.day(-2, 2),
        "currency": currency,
        "lines": [{"description": "Visit", "quantity": "1.5", "amount": major if version == 1 else total}],
        "tax": "0" if version == 1 else 0,
        "total": major if version == 1 else total,
        "visit_ids": says.maybe([f"vis_{by}_0"]),
    }
    says.say("invoice.issued", subject, issued, by=by, version=version)
    changes: list[Callable[[], None]] = [
        lambda: says.say("invoice.due_date_changed", subject, {"due_on": says.day(-2, 2)}, by=by),
        lambda: says.say("invoice.credited", subject, {"credit_note_id": "cn_1", "amount": 50}, by=by),
        lambda: says.say("invoice.credited", subject, {"credit_note_id": "cn_2", "amount": 12900}, by=by),
        lambda: says.say("invoice.voided", subject, {"reason": None}, by=by),
    ]
    if not says.loses_it():
        again = {**issued, "number": "0"}
        changes.append(lambda: says.say("invoice.issued", subject, again, by=by, version=version))
    for _ in range(says.random.randrange(3)):
        says.random.choice(changes)()
    for attempt in range(says.random.randrange(3)):
        payment(says, by, f"pay_{subject}_{attempt}", subject, total or 10, currency)


def payment(
    says: RandomEventSource, by: str, subject: str, invoice_id: str, total: int, currency: str
) -> None:
    """A payment that may fail before it succeeds, and be refunded in parts."""
    charge: Json = {
        "invoice_id": invoice_id,
        "amount": says.random.choice((total, max(total // 2, 1), total + 5)),
        "currency": currency if says.often() else says.random.choice(tuple(CURRENCIES)),
    }
    paid = {**charge, "method": {"kind": "card", "last4": "4242"}, "paid_at": says.moment(-30, 0)}
    for more in range(says.random.randrange(6) // 2):
        tried = {**charge, "amount": charge["amount"] + more, "reason": "declined"}
        says.say("payment.failed", subject, tried, by=by)
    if says.often():
        says.say("payment.succeeded", subject, paid, by=by)
        if says.rarely():
            says.say("payment.failed", subject, {**charge, "reason": "late news"}, by=by)
        part = {**charge, "amount": max(charge["amount"] // 2, 1)}
        for refund_id in ("ref_1", "ref_2", "ref_1")[: says.random.randrange(4)]:
            other = {"currency": "kwd"} if says.rarely() else {}
            says.say("payment.refunded", subject, {**part, **other, "refund_id": refund_id}, by=by)
