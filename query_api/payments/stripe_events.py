"""Outcome of a Checkout Session, derived from Stripe's objects without I/O.

Objects are Stripe's, as plain data. A dispute that the business lost is a refund: the bank gave the money back to the
customer. While it is open nothing changes, and one that was won never happened.
"""

from collections.abc import Iterable, Mapping
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

from query_api.payments.amounts import from_stripe
from read_models.documents import timestamp
from read_models.store.operational import PaymentFact
from read_models.store.operational.checkouts import State

Json = dict[str, Any]

PROVIDER: Final = "stripe"

_BANKS: Final = frozenset(
    {
        *(
            "acss_debit",
            "au_becs_debit",
            "bacs_debit",
            "bancontact",
            "customer_balance",
            "eps",
            "fpx",
            "ideal",
        ),
        *("multibanco", "nz_bank_account", "p24", "pay_by_bank", "sepa_debit", "us_bank_account"),
    }
)
"""Ways to pay that move money from a bank account."""


class SessionOutcome(NamedTuple):
    """Outcome of a Checkout Session."""

    state: State
    intent: str | None
    """The id of its payment, from the first attempt on."""
    facts: tuple[PaymentFact, ...]
    """In the order in which they have to be published."""


def outcome_of(
    session: Json, invoice: str, refunds: Iterable[Json], disputes: Iterable[Json], now: datetime
) -> SessionOutcome:
    """Return what became of a session that has `payment_intent.latest_charge` in it.

    `invoice` is the id of the invoice it is for; `refunds` and `disputes` are those of its payment that are known.
    """
    intent: Json = session["payment_intent"] or {}
    state = _state(session, intent)
    facts = []
    if state == "paid":
        facts.append(_succeeded(session, intent, invoice, now))
        facts += [
            _refunded(refund, invoice)
            for refund in sorted(refunds, key=_created_key)
            if refund["status"] == "succeeded"
        ]
        facts += [
            _refunded(dispute, invoice)
            for dispute in sorted(disputes, key=_created_key)
            if dispute["status"] == "lost"
        ]
    elif state == "failed":
        facts.append(_failed(session, intent, invoice, now))
    return SessionOutcome(state, intent.get("id"), tuple(facts))


def _state(session: Json, intent: Json) -> State:
    if session["status"] == "open":
        return "open"
    if session["status"] == "expired":
        return "expired"
    if session["payment_status"] == "paid":
        return "paid"
    return "failed" if intent.get("status") in ("requires_payment_method", "canceled") else "processing"


def _succeeded(session: Json, intent: Json, invoice: str, now: datetime) -> PaymentFact:
    charge: Json = intent.get("latest_charge") or {}
    paid_at = _timestamp(charge["created"]) if charge else timestamp(now)
    how = method(charge.get("payment_method_details"))
    # A card is charged there and then; of a bank's payment it is known only now.
    at = paid_at if how["kind"] == "card" else timestamp(now)
    data = _money(session["amount_total"], session["currency"], invoice) | {
        "method": how,
        "paid_at": paid_at,
        "provider": {"name": PROVIDER, "reference": intent["id"]},
    }
    return PaymentFact("succeeded", session["id"], at, data)


def _failed(session: Json, intent: Json, invoice: str, now: datetime) -> PaymentFact:
    error: Json = intent.get("last_payment_error") or {}
    reason = str(error.get("decline_code") or error.get("code") or "not_collected").replace("_", " ")
    data = _money(session["amount_total"], session["currency"], invoice) | {"reason": reason}
    return PaymentFact("failed", session["id"], timestamp(now), data)


def _refunded(given_back: Json, invoice: str) -> PaymentFact:
    """Return a refund, or a dispute that was lost."""
    data = _money(given_back["amount"], given_back["currency"], invoice) | {"refund_id": given_back["id"]}
    return PaymentFact("refunded", given_back["id"], _timestamp(given_back["created"]), data)


def _money(amount: int, currency: str, invoice: str) -> Json:
    return {"invoice_id": invoice, "amount": from_stripe(amount, currency), "currency": currency}


def method(details: Mapping[str, Any] | None) -> Json:
    """Return how somebody paid, as events say it, from a charge's `payment_method_details`."""
    kind = str((details or {}).get("type", ""))
    found: Mapping[str, Any] = (details or {}).get(kind) or {}
    last4 = found.get("last4")
    if kind in ("card", "card_present"):
        return {"kind": "card", "brand": found.get("brand"), "last4": last4}
    if kind in _BANKS:
        return {"kind": "bank", "brand": found.get("bank_name"), "last4": last4}
    return {"kind": "other", "brand": kind or None, "last4": last4}


def _created_key(made: Json) -> tuple[int, str]:
    return made["created"], made["id"]


def _timestamp(seconds: int) -> str:
    return timestamp(datetime.fromtimestamp(seconds, UTC))
