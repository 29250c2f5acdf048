"""Invoices and payments."""

from decimal import Decimal

from tests.support.oracle.facts import Fact, Facts, Json, newest, served

DIGITS = {"jpy": 0, "kwd": 3}
"""Of the minor unit, where they are not 2."""


def payments(facts: Facts) -> list[Json]:
    """The payment history, latest first."""
    issued = facts.of("invoice")
    shown = []
    for subject, of_payment in facts.of("payment").items():
        invoice_id = of_payment[0].data["invoice_id"]
        if invoice_id in issued:
            number = issued[invoice_id][0].data["number"]
            shown.append(payment(subject, of_payment) | {"invoice_id": invoice_id, "invoice_number": number})
    return newest(shown, "at")


def payment(subject: str, facts: list[Fact]) -> Json:
    """One payment: a second failure changes nothing, and after `succeeded` only refunds do."""
    paid = next((fact for fact in facts if fact.fact == "succeeded"), None)
    first = paid or facts[0]
    amount, currency = first.data["amount"], first.data["currency"]
    refunds = {
        fact.data["refund_id"]: fact.data["amount"] if fact.data["currency"] == currency else 0
        for fact in reversed(facts)
        if fact.fact == "refunded"
    }  # of an id the first one
    refunded = sum(refunds.values())
    if paid is None:
        status = "failed"
    elif not refunded:
        status = "succeeded"
    else:
        status = "refunded" if refunded >= amount else "partially_refunded"
    return {
        "id": subject,
        "status": status,
        "amount": {"amount": amount, "currency": currency},
        "refunded": {"amount": refunded, "currency": currency},
        "at": served(paid.data["paid_at"] if paid else first.event["time"]),
    }


def invoices(facts: Facts) -> list[Json]:
    """All invoices, the last issued first."""
    paid = payments(facts)
    of_each = facts.of("invoice").items()
    return newest([invoice(facts, subject, events, paid) for subject, events in of_each], "issued_on")


def invoice(facts: Facts, subject: str, of_invoice: list[Fact], paid: list[Json]) -> Json:
    """One invoice, as a list item."""
    issued = of_invoice[0].data
    currency, total = issued["currency"], issued["total"]
    if isinstance(total, str):
        total = int(Decimal(total).scaleb(DIGITS.get(currency, 2)))
    credited = {f.data["credit_note_id"]: f.data["amount"] for f in of_invoice if f.fact == "credited"}
    net = sum(
        one["amount"]["amount"] - one["refunded"]["amount"]
        for one in paid
        if one["invoice_id"] == subject
        and one["status"] != "failed"
        and one["amount"]["currency"] == currency
    )
    due = max(0, total - sum(credited.values()) - net)
    if any(fact.fact == "voided" for fact in of_invoice):
        status, due = "void", 0
    else:
        status = "open" if due else "paid"
    due_on = [fact.data["due_on"] for fact in of_invoice if "due_on" in fact.data][-1]
    return {
        "id": subject,
        "number": issued["number"],
        "status": status,
        "issued_on": issued["issued_on"],
        "due_on": due_on,
        "overdue": status == "open" and due_on < facts.today,
        "total": {"amount": total, "currency": currency},
        "amount_due": {"amount": due, "currency": currency},
    }
