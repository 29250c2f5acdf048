"""Why nothing can be paid, or not now."""

from typing import Final, Literal

from read_models.documents import Doc

Reason = Literal[
    "nothing_due", "void", "processing", "not_online", "more_than_due", "not_chargeable", "refused"
]

DETAILS: Final[dict[Reason, str]] = {
    "nothing_due": "Nothing is due on this invoice.",
    "void": "This invoice is void: nothing is to be paid on it.",
    "processing": "A payment of this invoice is being processed: there is no need to pay again.",
    "not_online": "This business takes no payments online.",
    "more_than_due": "The amount is more than what is due.",
    "not_chargeable": "This amount cannot be taken online.",
    "refused": "The payment provider does not take this payment. Please ask the business how else to pay.",
}


class NotPayable(Exception):
    """The invoice cannot be paid as things are; `reason` says why."""

    def __init__(self, reason: Reason, due: Doc | None = None) -> None:
        """`due` is what is due, as money is served, where that helps."""
        super().__init__(reason)
        self.reason: Reason = reason
        self.due = due


class PaymentProviderUnavailable(Exception):
    """Stripe does not answer, or not now: asking again may help."""


class InvalidSignature(Exception):
    """A webhook's body is not what Stripe signed, or it was signed too long ago."""
