"""Invoices and payments."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from demo.customers import DemoCustomer
from demo.visits import DemoVisit

MINOR_UNITS_SINCE = date(2025, 3, 1)
"""First day of `invoice.issued.v2`; invoices before it have amounts as decimal text."""

CARD_BRANDS = ("visa", "mastercard", "amex")


@dataclass(frozen=True)
class DemoInvoice:
    """An issued invoice."""

    id: str
    issued_at: datetime
    due_on: date
    total: int
    """Minor units."""


def issue_invoice(
    customer: DemoCustomer,
    issued_on: date,
    lines: Sequence[tuple[str, int, int]],
    tax_percent: Decimal,
    *,
    issued_at: datetime | None = None,
    due_in_days: int = 14,
    visits: Sequence[DemoVisit] = (),
    contract_id: str | None = None,
    subscription_id: str | None = None,
) -> DemoInvoice:
    """Issue an invoice in the morning of *issued_on*, or at *issued_at*.

    A line is a description, a quantity and an amount in minor units that includes the tax.
    """
    issued_at = issued_at or customer.local_time(issued_on, 6.5)
    due_on = issued_on + timedelta(days=due_in_days)
    net_amounts = [round(gross / (1 + tax_percent / 100)) for _, _, gross in lines]
    total = sum(gross for _, _, gross in lines)
    in_minor_units = issued_on >= MINOR_UNITS_SINCE
    invoice = DemoInvoice(customer.new_id("inv"), issued_at, due_on, total)

    def format_amount(amount: int) -> Any:
        return amount if in_minor_units else str(Decimal(amount).scaleb(-2))

    customer.add_event(
        issued_at,
        "invoice.issued.v2" if in_minor_units else "invoice.issued.v1",
        invoice.id,
        number=f"{customer.number}-{issued_on:%y%m}-{invoice.id.rpartition('_')[2]}",
        issued_on=issued_on.isoformat(),
        due_on=due_on.isoformat(),
        currency=customer.company.currency,
        lines=[
            {"description": description, "quantity": str(quantity), "amount": format_amount(amount)}
            for (description, quantity, _), amount in zip(lines, net_amounts, strict=True)
        ],
        tax=format_amount(total - sum(net_amounts)),
        total=format_amount(total),
        visit_ids=[visit.id for visit in visits] or None,
        contract_id=contract_id,
        subscription_id=subscription_id,
    )
    return invoice


def payment_method(customer: DemoCustomer) -> dict[str, str]:
    """Return the payment method of a customer, which is always the same."""
    if customer.payment_habit in ("bank", "check"):
        return {"kind": customer.payment_habit}
    return {
        "kind": "card",
        "brand": CARD_BRANDS[customer.index % len(CARD_BRANDS)],
        "last4": f"{4242 + 1117 * customer.index:04d}"[-4:],
    }


def pay_invoice(
    customer: DemoCustomer,
    invoice: DemoInvoice,
    paid_at: datetime,
    amount: int | None = None,
    method: dict[str, str] | None = None,
    payment_id: str | None = None,
) -> str:
    """Pay an amount of an invoice, by default its total, and return the payment's id.

    *payment_id* names a failed payment that succeeds now.
    """
    payment_id = payment_id or customer.new_id("pay")
    method = method or payment_method(customer)
    customer.add_event(
        paid_at,
        "payment.succeeded.v1",
        payment_id,
        invoice_id=invoice.id,
        amount=invoice.total if amount is None else amount,
        currency=customer.company.currency,
        method=method,
        paid_at=paid_at,
        provider={"name": "stripe", "reference": f"ch_demo_{payment_id}"}
        if method["kind"] == "card"
        else None,
    )
    return payment_id


def fail_payment(customer: DemoCustomer, invoice: DemoInvoice, failed_at: datetime) -> str:
    """Decline a payment of an invoice's total and return the payment's id."""
    payment_id = customer.new_id("pay")
    customer.add_event(
        failed_at,
        "payment.failed.v1",
        payment_id,
        invoice_id=invoice.id,
        amount=invoice.total,
        currency=customer.company.currency,
        reason="card_declined",
    )
    return payment_id


def refund_payment(
    customer: DemoCustomer, invoice: DemoInvoice, payment_id: str, refunded_at: datetime, amount: int
) -> None:
    """Refund an amount of a payment."""
    customer.add_event(
        refunded_at,
        "payment.refunded.v1",
        payment_id,
        refund_id=customer.new_id("ref"),
        invoice_id=invoice.id,
        amount=amount,
        currency=customer.company.currency,
    )


def credit_invoice(customer: DemoCustomer, invoice: DemoInvoice, credited_at: datetime, amount: int) -> None:
    """Credit an amount of an invoice."""
    customer.add_event(
        credited_at,
        "invoice.credited.v1",
        invoice.id,
        credit_note_id=customer.new_id("crn"),
        amount=amount,
        reason=customer.company.texts.credit_reason,
    )


def void_invoice(customer: DemoCustomer, invoice: DemoInvoice, voided_at: datetime) -> None:
    """Void an invoice."""
    customer.add_event(voided_at, "invoice.voided.v1", invoice.id, reason=customer.company.texts.void_reason)


def settle_invoice(customer: DemoCustomer, invoice: DemoInvoice, missed_visits: int) -> None:
    """Pay an invoice by the customer's habit, less a credit for visits the business missed."""
    amount_due = invoice.total
    if missed_visits and amount_due and customer.happens(80):
        credit = min(amount_due, missed_visits * customer.company.regular_service.price)
        credit_invoice(customer, invoice, invoice.issued_at + customer.random_duration(200, 2_000), credit)
        amount_due -= credit
    if not amount_due:
        return
    if customer.payment_habit == "card":
        paid_at = invoice.issued_at + customer.random_duration(2_100, 5_000)
        payment_id = None
        if customer.happens(4):
            payment_id = fail_payment(customer, invoice, paid_at)
            paid_at += customer.random_duration(600, 4_000)
        pay_invoice(customer, invoice, paid_at, amount_due, payment_id=payment_id)
    elif customer.payment_habit == "slow":
        due_at = customer.local_time(invoice.due_on, 18)
        if customer.happens(30):
            customer.add_event(
                due_at - customer.random_duration(600, 3_000),
                "invoice.due_date_changed.v1",
                invoice.id,
                due_on=(invoice.due_on + timedelta(days=10)).isoformat(),
            )
        pay_invoice(customer, invoice, due_at + customer.random_duration(-2_000, 30_000), amount_due)
    else:
        paid_at = customer.local_time(invoice.due_on, 10) - customer.random_duration(500, 12_000)
        pay_invoice(customer, invoice, paid_at, amount_due)
