"""A payment, and what it comes to for its invoice (docs/contracts/views.md, Invoices and payments)."""

from typing import Any

from events.envelope import Event
from read_models.documents import Doc, append_activity, money, new_document, to_plain
from read_models.indexed_lists import set_list_membership

FIRST = frozenset({"succeeded", "failed"})


def new(business: str, customer: str, subject: str) -> Doc:
    """Return a payment of which nothing is known yet. It is shown once its invoice is."""
    return new_document(business, customer, "payment", subject) | {
        "invoice_id": None,
        "status": None,
        "refunds": {},
    }


def invoice_of(payment: Doc | None, data: Any) -> str:
    """Return the invoice that a payment is for: the first one named stands.

    See docs/contracts/events.md, First facts and references.
    """
    stands = payment and payment["invoice_id"]
    return str(stands or data.invoice_id)


def evolve(payment: Doc, event: Event) -> None:
    """Apply an event. A payment may fail and then succeed; after that only refunds change it.

    See docs/contracts/events.md, First facts and references.
    """
    data: Any = event.data
    if event.fact == "succeeded" and payment["status"] in (None, "failed"):
        payment.update(
            status="succeeded",
            amount=data.amount,
            currency=data.currency,
            method=to_plain(data.method),
            provider=to_plain(data.provider),
            failure_reason=None,
            at=data.paid_at,
            refunded=0,
        )
    elif event.fact == "failed" and payment["status"] is None:
        payment.update(
            status="failed",
            amount=data.amount,
            currency=data.currency,
            method=None,
            provider=None,
            failure_reason=data.reason,
            at=event.time,
            refunded=0,
        )
    elif event.fact == "refunded" and refundable(payment) and data.refund_id not in payment["refunds"]:
        payment["refunds"] = payment["refunds"] | {data.refund_id: money(data.amount, data.currency)}
        if data.currency == payment["currency"]:
            payment["refunded"] += data.amount
    else:
        return
    if payment["refunded"]:
        whole = payment["refunded"] >= payment["amount"]
        payment["status"] = "refunded" if whole else "partially_refunded"
    if payment["invoice_id"] is None:
        payment["invoice_id"] = data.invoice_id
    append_activity(
        payment,
        event,
        amount=money(data.amount, data.currency),
        reason=data.reason if event.fact == "failed" else None,
    )


def refundable(payment: Doc) -> bool:
    """Return whether a refund changes it: it succeeded."""
    return payment["status"] not in (None, "failed")


def net_amount(payment: Doc | None) -> tuple[str, int] | None:
    """Return the currency and what came in of it net of refunds, None when nothing came in."""
    if payment is None or not refundable(payment):
        return None
    return payment["currency"], payment["amount"] - payment["refunded"]


def apply_to_invoice(invoice: Doc, payment: Doc, before: tuple[str, int] | None) -> None:
    """Bring the invoice up to date with a payment that came to `before` until now."""
    sums = dict(invoice["paid_by_currency"])
    for part, sign in ((before, -1), (net_amount(payment), 1)):
        if part:
            sums[part[0]] = sums.get(part[0], 0) + sign * part[1]
    invoice["paid_by_currency"] = {currency: amount for currency, amount in sorted(sums.items()) if amount}
    if payment["invoice_id"] == invoice["id"] and payment["id"] not in invoice["payments"]:
        invoice["payments"] = sorted({*invoice["payments"], payment["id"]})


def show_with_invoice(payment: Doc, invoice: Doc) -> None:
    """Show the payment with its invoice's number once the invoice is issued."""
    if invoice["shown"] and payment["status"] is not None:
        payment.update(shown=True, invoice_number=invoice["number"])
    if payment["shown"]:
        set_list_membership(payment, down=("payments", payment["at"]))


def item(payment: Doc) -> Doc:
    """Return the payment in a list (docs/contracts/api.md, Records)."""
    return {
        "id": payment["id"],
        "status": payment["status"],
        "amount": money(payment["amount"], payment["currency"]),
        "refunded": money(payment["refunded"], payment["currency"]),
        "method": payment["method"],
        "at": payment["at"],
        "invoice_id": payment["invoice_id"],
        "invoice_number": payment["invoice_number"],
        "failure_reason": payment["failure_reason"],
    }
