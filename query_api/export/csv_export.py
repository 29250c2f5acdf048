"""Invoices and payments as one table (RFC 4180): a row each, so that it opens in a spreadsheet as it is.

Dates are the business's, amounts decimals in major units with all digits that their currency has.
"""

import csv
import io
import re
from decimal import Decimal
from zoneinfo import ZoneInfo

from events.types import MINOR_UNIT_DIGITS
from read_models import queries
from read_models.documents import Doc, parse
from read_models.queries import QueryContext
from read_models.queries.iteration import details, items

COLUMNS = (
    "kind",
    "date",
    "invoice_number",
    "status",
    "due_on",
    "currency",
    "amount",
    "tax",
    "credited",
    "paid",
    "amount_due",
    "overpaid",
    "refunded",
    "method",
    "note",
    "id",
    "invoice_id",
)

FORMULA = re.compile(r"\s*[=+\-@\t\r\n＝＋－＠]")
"""How a text begins that spreadsheets would work out instead of showing (OWASP, CSV Injection)."""


async def statement(reading: QueryContext) -> str:
    """Return the table: invoices, then payments, each the latest first."""
    table = io.StringIO()
    writer = csv.DictWriter(table, COLUMNS, restval="")
    writer.writeheader()
    async for invoice in details(reading, queries.invoices, queries.invoice):
        writer.writerow(of_invoice(invoice))
    async for payment in items(reading, queries.payments):
        writer.writerow(of_payment(payment, reading.business["timezone"]))
    return table.getvalue()


def of_invoice(invoice: Doc) -> dict[str, str]:
    """Return the row of an invoice, as its own page answers it."""
    sums = ("tax", "credited", "paid", "amount_due", "overpaid")
    return {
        "kind": "invoice",
        "date": invoice["issued_on"],
        "invoice_number": text(invoice["number"]),
        "status": invoice["status"],
        "due_on": invoice["due_on"],
        "currency": invoice["total"]["currency"].upper(),
        "amount": decimal(invoice["total"]),
        **{name: decimal(invoice[name]) for name in sums},
        "note": text(invoice["memo"]),
        "id": text(invoice["id"]),
        "invoice_id": text(invoice["id"]),
    }


def of_payment(payment: Doc, zone: str) -> dict[str, str]:
    """Return the row of a payment, as the payment history answers it."""
    method = payment["method"] or {}
    how = (method.get(name) for name in ("kind", "brand", "last4"))
    return {
        "kind": "payment",
        "date": date(payment["at"], zone),
        "invoice_number": text(payment["invoice_number"]),
        "status": payment["status"],
        "currency": payment["amount"]["currency"].upper(),
        "amount": decimal(payment["amount"]),
        "refunded": decimal(payment["refunded"]),
        "method": text(" ".join(part for part in how if part)),
        "note": text(payment["failure_reason"]),
        "id": text(payment["id"]),
        "invoice_id": text(payment["invoice_id"]),
    }


def text(value: str | None) -> str:
    """Return a text that came from outside, to be shown and not worked out."""
    value = value or ""
    return f"'{value}" if FORMULA.match(value) else value


def decimal(money: Doc) -> str:
    """Return an amount as a decimal number in major units."""
    return f"{Decimal(money['amount']).scaleb(-MINOR_UNIT_DIGITS[money['currency']]):f}"


def date(timestamp: str, zone: str) -> str:
    """Return the date of a moment in a zone."""
    try:
        return parse(timestamp).astimezone(ZoneInfo(zone)).date().isoformat()
    except OverflowError:
        return timestamp[:10]  # the first and the last day of the calendar have no local time everywhere
