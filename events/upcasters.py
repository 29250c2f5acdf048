"""Older versions of a fact's data, made into the newest one at the edge: nobody behind it knows them."""

from events.invoices import InvoiceIssued, InvoiceIssuedV1, InvoiceLine
from events.types import MAX_INTEGER, MINOR_UNIT_DIGITS


def minor_units(amount: str, currency: str) -> int:
    """Give a decimal string in major units as an integer in minor units: "129.00" usd -> 12900, "129" jpy -> 129.

    Raises ValueError when that is not a whole number of minor units, or beyond ±(2^53 - 1).
    """
    digits = MINOR_UNIT_DIGITS[currency]
    whole, _, fraction = amount.removeprefix("-").partition(".")
    if fraction[digits:].strip("0"):
        raise ValueError("an amount has more digits than its currency's minor unit")
    # Bounded before it is read: int() refuses thousands of digits with an error of its own.
    number = (whole + fraction[:digits].ljust(digits, "0")).lstrip("0") or "0"
    if len(number) > len(str(MAX_INTEGER)) or int(number) > MAX_INTEGER:
        raise ValueError("an amount is beyond ±(2^53 - 1) minor units")
    return -int(number) if amount.startswith("-") else int(number)


def upcast_invoice_issued_v1(old: InvoiceIssuedV1) -> InvoiceIssued:
    """`invoice.issued.v1` -> v2: decimal strings in major units become integers in minor units.

    Raises ValueError when an amount has no whole number of them.
    """
    return InvoiceIssued(
        number=old.number,
        issued_on=old.issued_on,
        due_on=old.due_on,
        currency=old.currency,
        lines=tuple(
            InvoiceLine(
                description=line.description,
                quantity=line.quantity,
                amount=minor_units(line.amount, old.currency),
            )
            for line in old.lines
        ),
        tax=minor_units(old.tax, old.currency),
        total=minor_units(old.total, old.currency),
        visit_ids=old.visit_ids,
        contract_id=old.contract_id,
        subscription_id=old.subscription_id,
        memo=old.memo,
    )
