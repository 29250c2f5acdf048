"""Facts about an invoice (topic `invoices`; subject: the invoice's id)."""

from events.types import Currency, Date, DecimalText, EventData, Id, List, Money, Text


class InvoiceLineV1(EventData):
    """A line of an invoice as `invoice.issued.v1` has it."""

    description: Text
    quantity: DecimalText
    amount: DecimalText
    """Major units."""


class InvoiceIssuedV1(EventData):
    """An invoice was issued, with amounts as decimal strings in major units; read as `InvoiceIssued`."""

    number: Text
    issued_on: Date
    due_on: Date
    currency: Currency
    lines: List[InvoiceLineV1]
    tax: DecimalText
    """Major units."""
    total: DecimalText
    """Major units."""
    visit_ids: List[Id] | None = None
    contract_id: Id | None = None
    subscription_id: Id | None = None
    memo: Text | None = None


class InvoiceLine(EventData):
    """A line of an invoice."""

    description: Text
    quantity: DecimalText
    amount: Money


class InvoiceIssued(EventData):
    """An invoice was issued; its first fact. Amounts in minor units of `currency`."""

    number: Text
    issued_on: Date
    due_on: Date
    currency: Currency
    lines: List[InvoiceLine]
    tax: Money
    total: Money
    visit_ids: List[Id] | None = None
    contract_id: Id | None = None
    subscription_id: Id | None = None
    memo: Text | None = None


class InvoiceDueDateChanged(EventData):
    """An invoice is due on another day."""

    due_on: Date


class InvoiceCredited(EventData):
    """A credit note lowers what is due; each `credit_note_id` counts once."""

    credit_note_id: Id
    amount: Money
    """Minor units of the invoice's currency."""
    reason: Text | None = None


class InvoiceVoided(EventData):
    """An invoice does not hold any more."""

    reason: Text | None = None
