"""Invoices and what becomes of them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from demo.customers import DemoCustomer
from demo.visits import DemoVisit

NEW_BILLING_SINCE = date(2025, 3, 1)
"""From here on billing writes `invoice.issued.v2`; before, amounts were decimal text."""

BRANDS = ("visa", "mastercard", "amex")


@dataclass(frozen=True)
class DemoInvoice:
    """An invoice that was issued."""

    id: str
    issued: datetime
    due_on: date
    total: int
    """Minor units."""


def issue(
    customer: DemoCustomer,
    on: date,
    lines: Sequence[tuple[str, int, int]],
    tax: Decimal,
    *,
    at: datetime | None = None,
    due_in: int = 14,
    visits: Sequence[DemoVisit] = (),
    contract: str | None = None,
    subscription: str | None = None,
) -> DemoInvoice:
    """Bills lines of text, quantity and gross amount in minor units; `tax` in percent is taken out of them.

    It is issued in the morning of `on`, or `at` a moment of that day, and due so many days later.
    """
    issued, due_on = at or customer.at(on, 6.5), on + timedelta(days=due_in)
    net = [round(gross / (1 + tax / 100)) for _, _, gross in lines]
    total = sum(gross for _, _, gross in lines)
    new = on >= NEW_BILLING_SINCE
    invoice = DemoInvoice(customer.new_id("inv"), issued, due_on, total)

    def money(amount: int) -> Any:
        return amount if new else str(Decimal(amount).scaleb(-2))

    customer.say(
        issued,
        "invoice.issued.v2" if new else "invoice.issued.v1",
        invoice.id,
        number=f"{customer.number}-{on:%y%m}-{invoice.id.rpartition('_')[2]}",
        issued_on=on.isoformat(),
        due_on=due_on.isoformat(),
        currency=customer.company.currency,
        lines=[
            {"description": text, "quantity": str(quantity), "amount": money(amount)}
            for (text, quantity, _), amount in zip(lines, net, strict=True)
        ],
        tax=money(total - sum(net)),
        total=money(total),
        visit_ids=[visit.id for visit in visits] or None,
        contract_id=contract,
        subscription_id=subscription,
    )
    return invoice


def method(customer: DemoCustomer) -> dict[str, str]:
    """Return how a customer pays; always the same card."""
    if customer.habit in ("bank", "check"):
        return {"kind": customer.habit}
    return {
        "kind": "card",
        "brand": BRANDS[customer.position % len(BRANDS)],
        "last4": f"{4242 + 1117 * customer.position:04d}"[-4:],
    }


def pay(
    customer: DemoCustomer,
    invoice: DemoInvoice,
    at: datetime,
    amount: int | None = None,
    by: dict[str, str] | None = None,
    payment: str | None = None,
) -> str:
    """Pays all of it, or an amount; gives the payment's id. `payment` is the id of one that failed before."""
    payment = payment or customer.new_id("pay")
    chosen = by or method(customer)
    customer.say(
        at,
        "payment.succeeded.v1",
        payment,
        invoice_id=invoice.id,
        amount=invoice.total if amount is None else amount,
        currency=customer.company.currency,
        method=chosen,
        paid_at=at,
        provider={"name": "stripe", "reference": f"ch_demo_{payment}"} if chosen["kind"] == "card" else None,
    )
    return payment


def fail(customer: DemoCustomer, invoice: DemoInvoice, at: datetime) -> str:
    """Return a payment is declined; gives its id."""
    payment = customer.new_id("pay")
    customer.say(
        at,
        "payment.failed.v1",
        payment,
        invoice_id=invoice.id,
        amount=invoice.total,
        currency=customer.company.currency,
        reason="card_declined",
    )
    return payment


def refund(customer: DemoCustomer, invoice: DemoInvoice, payment: str, at: datetime, amount: int) -> None:
    """Give an amount of a payment back."""
    customer.say(
        at,
        "payment.refunded.v1",
        payment,
        refund_id=customer.new_id("ref"),
        invoice_id=invoice.id,
        amount=amount,
        currency=customer.company.currency,
    )


def credit(customer: DemoCustomer, invoice: DemoInvoice, at: datetime, amount: int) -> None:
    """Lowers what is due."""
    reason = customer.company.words.goodwill
    customer.say(
        at,
        "invoice.credited.v1",
        invoice.id,
        credit_note_id=customer.new_id("crn"),
        amount=amount,
        reason=reason,
    )


def void(customer: DemoCustomer, invoice: DemoInvoice, at: datetime) -> None:
    """Take an invoice back."""
    customer.say(at, "invoice.voided.v1", invoice.id, reason=customer.company.words.wrong)


def settle(customer: DemoCustomer, invoice: DemoInvoice, missed: int) -> None:
    """Do with an invoice what this customer usually does; `missed` visits of the business's doing are credited."""
    due = invoice.total
    if missed and due and customer.chance(80):
        amount = min(due, missed * customer.company.regular.price)
        credit(customer, invoice, invoice.issued + customer.minutes(200, 2_000), amount)
        due -= amount
    if not due:
        return
    if customer.habit == "card":
        at = invoice.issued + customer.minutes(2_100, 5_000)
        payment = None
        if customer.chance(4):
            payment = fail(customer, invoice, at)
            at += customer.minutes(600, 4_000)
        pay(customer, invoice, at, due, payment=payment)
    elif customer.habit == "slow":
        end = customer.at(invoice.due_on, 18)
        if customer.chance(30):
            later = invoice.due_on + timedelta(days=10)
            customer.say(
                end - customer.minutes(600, 3_000),
                "invoice.due_date_changed.v1",
                invoice.id,
                due_on=later.isoformat(),
            )
        pay(customer, invoice, end + customer.minutes(-2_000, 30_000), due)
    else:
        pay(customer, invoice, customer.at(invoice.due_on, 10) - customer.minutes(500, 12_000), due)
