"""An invoice: what it asks for, what was credited and paid, and what is left.

See docs/contracts/views.md, Invoices and payments.
"""

from collections.abc import Callable
from typing import Any

from events.envelope import Event
from events.invoices import InvoiceCredited, InvoiceDueDateChanged, InvoiceIssued, InvoiceVoided
from read_models.documents import Doc, append_activity, money, new_document
from read_models.indexed_lists import set_list_membership

FIRST = frozenset({"issued"})


def new(business: str, customer: str, subject: str) -> Doc:
    """Return an invoice that waits to be issued; payments may name it already.

    `payments` are the ids of all that name it, `paid_by_currency` what they come to net of refunds, minor units.
    """
    return new_document(business, customer, "invoice", subject) | {"payments": [], "paid_by_currency": {}}


def evolve(invoice: Doc, event: Event) -> None:
    """Apply an event of the invoice; nothing changes when it was not issued, or is issued again."""
    if invoice["shown"] != (event.fact in FIRST):
        HANDLERS[event.fact](invoice, event, event.data)


def _issued(invoice: Doc, event: Event, data: InvoiceIssued) -> None:
    invoice.update(
        shown=True,
        void=False,
        number=data.number,
        issued_on=data.issued_on,
        due_on=data.due_on,
        currency=data.currency,
        lines=[
            {"description": line.description, "quantity": line.quantity, "amount": line.amount}
            for line in data.lines
        ],
        tax=data.tax,
        total=data.total,
        visit_ids=list(dict.fromkeys(data.visit_ids or ())),
        contract_id=data.contract_id,
        subscription_id=data.subscription_id,
        memo=data.memo,
        credits=[],
    )
    append_activity(invoice, event, amount=money(data.total, data.currency), due_on=data.due_on)


def _due_date_changed(invoice: Doc, event: Event, data: InvoiceDueDateChanged) -> None:
    append_activity(invoice, event, before_due_on=invoice["due_on"], due_on=data.due_on)
    invoice["due_on"] = data.due_on


def _credited(invoice: Doc, event: Event, data: InvoiceCredited) -> None:
    if any(credit["id"] == data.credit_note_id for credit in invoice["credits"]):
        return
    credit = {"id": data.credit_note_id, "amount": data.amount, "reason": data.reason, "at": event.time}
    invoice["credits"] = [*invoice["credits"], credit]
    append_activity(invoice, event, amount=money(data.amount, invoice["currency"]), reason=data.reason)


def _voided(invoice: Doc, event: Event, data: InvoiceVoided) -> None:
    invoice["void"] = True
    append_activity(invoice, event, reason=data.reason)


HANDLERS: dict[str, Callable[[Doc, Event, Any], None]] = {
    "issued": _issued,
    "due_date_changed": _due_date_changed,
    "credited": _credited,
    "voided": _voided,
}


def derive(invoice: Doc) -> None:
    """Work out what is paid, due and overpaid, and the `status`: open, paid, void."""
    if not invoice["shown"]:
        return
    paid = invoice["paid_by_currency"].get(invoice["currency"], 0)
    left = invoice["total"] - sum(credit["amount"] for credit in invoice["credits"]) - paid
    if invoice["void"]:
        invoice.update(status="void", amount_due=0, overpaid=max(paid, 0))
    else:
        due = max(left, 0)
        invoice.update(status="open" if due else "paid", amount_due=due, overpaid=max(0, min(paid, -left)))
    invoice["paid"] = paid
    first_due = ("invoices/open", invoice["due_on"] + invoice["number"]) if is_open(invoice) else None
    set_list_membership(invoice, up=first_due, down=(f"invoices/{invoice['status']}", invoice["issued_on"]))


def is_open(invoice: Doc) -> bool:
    """Return whether it is among the open invoices."""
    return bool(invoice["shown"]) and bool(invoice["status"] == "open")


def item(invoice: Doc) -> Doc:
    """Return the invoice in a list (docs/contracts/api.md, Records), but for `overdue`, which depends on today."""
    return {
        "id": invoice["id"],
        "number": invoice["number"],
        "status": invoice["status"],
        "issued_on": invoice["issued_on"],
        "due_on": invoice["due_on"],
        "total": money(invoice["total"], invoice["currency"]),
        "amount_due": money(invoice["amount_due"], invoice["currency"]),
    }


def detail(invoice: Doc) -> Doc:
    """Return what an invoice's page adds to the list's item, but for what other documents hold.

    See docs/contracts/api.md, Records.
    """
    currency = invoice["currency"]
    return item(invoice) | {
        "lines": [line | {"amount": money(line["amount"], currency)} for line in invoice["lines"]],
        "tax": money(invoice["tax"], currency),
        "credited": money(sum(credit["amount"] for credit in invoice["credits"]), currency),
        "paid": money(invoice["paid"], currency),
        "overpaid": money(invoice["overpaid"], currency),
        "credits": [credit | {"amount": money(credit["amount"], currency)} for credit in invoice["credits"]],
        "contract_id": invoice["contract_id"],
        "subscription_id": invoice["subscription_id"],
        "memo": invoice["memo"],
    }
