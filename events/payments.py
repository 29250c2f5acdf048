"""Facts about a payment (topic `payments`; subject: the payment's id, with `pp_` the portal's own)."""

from typing import Literal

from events.types import Currency, EventData, Id, Money, Text, Timestamp


class PaymentMethod(EventData):
    """Method of a payment."""

    kind: Literal["card", "bank", "cash", "check", "other"]
    brand: Text | None = None
    last4: Text | None = None


class PaymentProvider(EventData):
    """Processor of a payment, and its reference there."""

    name: Text
    reference: Text


class PaymentSucceeded(EventData):
    """Money came in."""

    invoice_id: Id
    amount: Money
    currency: Currency
    method: PaymentMethod
    paid_at: Timestamp
    provider: PaymentProvider | None = None


class PaymentFailed(EventData):
    """An attempt to pay failed; it may succeed yet."""

    invoice_id: Id
    amount: Money
    currency: Currency
    reason: Text


class PaymentRefunded(EventData):
    """A payment was given back, whole or in part; each `refund_id` counts once."""

    refund_id: Id
    invoice_id: Id
    amount: Money
    currency: Currency
