"""Presenter of an invoice's state: one closed set (docs/contracts/pages.md, Invoice states)."""

from collections.abc import Mapping
from typing import Any, Literal, NamedTuple

from query_api.payments.settlement import PREFIX

Item = Mapping[str, Any]
"""What the API answers."""

Name = Literal[
    "open",
    "overdue",
    "part_paid",
    "processing",
    "failed",
    "paid",
    "overpaid",
    "credited",
    "refunded",
    "void",
]

TONES: Mapping[Name, tuple[str, str]] = {
    "open": ("clock", "plain"),
    "overdue": ("alert", "bad"),
    "part_paid": ("level", "wait"),
    "processing": ("clock", "wait"),
    "failed": ("alert", "bad"),
    "paid": ("check", "good"),
    "overpaid": ("check", "good"),
    "credited": ("check", "plain"),
    "refunded": ("level", "plain"),
    "void": ("stop", "plain"),
}
"""The icon and the tone of each."""


class InvoiceState(NamedTuple):
    """State of an invoice."""

    name: Name
    late: bool
    """Whether something is due and its day has passed: a second word, also where it is partly paid."""
    nothing_taken: bool
    """Of a failed payment: whether it is known that no money was taken."""
    icon: str
    tone: str


def state_of(invoice: Item) -> InvoiceState:
    """Return the state of an invoice in full."""
    name = _name(invoice)
    payments = invoice["payments"]
    # Of the portal's own payments it is known; what others report as failed says nothing of the money.
    known = name == "failed" and payments[0]["id"].startswith(PREFIX)
    return InvoiceState(name, bool(invoice["overdue"]), known, *TONES[name])


def listed(invoice: Item) -> InvoiceState:
    """Return the state of an invoice in a list, which knows nothing of its payments."""
    if invoice["status"] in ("void", "paid"):
        name: Name = invoice["status"]
    else:
        name = "overdue" if invoice["overdue"] else "open"
    return InvoiceState(name, bool(invoice["overdue"]), False, *TONES[name])


def _name(invoice: Item) -> Name:
    payments: list[Item] = invoice["payments"]  # the latest first
    if invoice["status"] == "void":
        return "void"
    if invoice["processing"] is not None:
        return "processing"
    if invoice["overpaid"]["amount"] > 0:
        return "overpaid"
    if invoice["status"] == "paid":
        if invoice["paid"]["amount"] > 0 or invoice["total"]["amount"] <= 0:
            return "paid"
        given_back = any(payment["refunded"]["amount"] > 0 for payment in payments)
        return "refunded" if given_back else "credited"
    if payments and payments[0]["status"] == "failed":
        return "failed"
    if invoice["paid"]["amount"] > 0:
        return "part_paid"
    return "overdue" if invoice["overdue"] else "open"
