"""What Stripe says of a session, and its counting of money: without asking anybody."""

from datetime import UTC, datetime
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from events.types import MINOR_UNIT_DIGITS
from query_api.payments.amounts import chargeable, from_stripe, to_stripe, unit
from query_api.payments.checkout_params import stripe_locale
from query_api.payments.stripe_events import Json, method, outcome_of

NOW = datetime(2026, 1, 7, 10, tzinfo=UTC)
CHARGE = {
    "created": 1_767_780_000,
    "payment_method_details": {"type": "card", "card": {"brand": "visa", "last4": "4242"}},
}
KNOWN = sorted(currency for currency in MINOR_UNIT_DIGITS if unit(currency))


def session(
    status: str = "complete", payment_status: str = "paid", intent: str | None = "succeeded", **more: Any
) -> Json:
    """A session as Stripe tells it."""
    payment = {"id": "pi_1", "status": intent, "latest_charge": CHARGE} if intent else None
    return {
        "id": "cs_1",
        "status": status,
        "payment_status": payment_status,
        "payment_intent": payment,
        "amount_total": 12_000,
        "currency": "usd",
        **more,
    }


def given_back(id_: str, status: str, created: int = 1) -> Json:
    """A refund or a dispute."""
    return {"id": id_, "status": status, "created": created, "amount": 500, "currency": "usd"}


@pytest.mark.parametrize(
    ("told", "state", "kinds"),
    [
        (session("open", "unpaid", None), "open", []),
        (session("open", "unpaid", "requires_payment_method"), "open", []),
        (session("expired", "unpaid", None), "expired", []),
        (session("complete", "unpaid", "processing"), "processing", []),
        (session("complete", "unpaid", "requires_payment_method"), "failed", ["failed"]),
        (session("complete", "unpaid", "canceled"), "failed", ["failed"]),
        (session(), "paid", ["succeeded"]),
    ],
)
def test_a_session_is_in_one_state(told: Json, state: str, kinds: list[str]) -> None:
    what = outcome_of(told, "inv_1", [], [], NOW)
    assert (state, kinds) == (what.state, [fact.kind for fact in what.facts])


def test_what_was_paid_comes_before_what_was_given_back() -> None:
    """Refunds that succeeded and disputes that were lost, oldest first; others say nothing."""
    refunds = [
        given_back("re_2", "succeeded", 2),
        given_back("re_1", "succeeded"),
        given_back("re_3", "pending"),
    ]
    disputes = [given_back("dp_1", "lost"), given_back("dp_2", "won"), given_back("dp_3", "needs_response")]
    what = outcome_of(session(), "inv_1", refunds, disputes, NOW)
    assert [fact.object for fact in what.facts] == ["cs_1", "re_1", "re_2", "dp_1"]
    assert what.facts[0].data == {
        "invoice_id": "inv_1",
        "amount": 12_000,
        "currency": "usd",
        "method": {"kind": "card", "brand": "visa", "last4": "4242"},
        "paid_at": "2026-01-07T10:00:00.000Z",
        "provider": {"name": "stripe", "reference": "pi_1"},
    }


@pytest.mark.parametrize(
    ("details", "expected"),
    [
        (None, {"kind": "other", "brand": None, "last4": None}),
        ({"type": "link", "link": {}}, {"kind": "other", "brand": "link", "last4": None}),
        (
            {"type": "us_bank_account", "us_bank_account": {"bank_name": "Bank", "last4": "6789"}},
            {"kind": "bank", "brand": "Bank", "last4": "6789"},
        ),
    ],
)
def test_how_somebody_paid(details: Json | None, expected: Json) -> None:
    assert expected == method(details)


@pytest.mark.parametrize(
    ("currency", "amount", "asked"),
    [
        ("usd", 12_345, 12_345),
        ("jpy", 5_000, 5_000),
        ("kwd", 12_345, 12_340),
        ("isk", 500, 50_000),
        ("ugx", 500, 50_000),
        ("huf", 12_345, 12_345),
        ("twd", 12_345, 12_345),
        ("mga", 12_345, 123),
    ],
)
def test_amounts_as_stripe_counts_them(currency: str, amount: int, asked: int) -> None:
    assert asked == to_stripe(amount, currency)


@given(st.integers(1, 2**50), st.sampled_from(KNOWN))
def test_never_more_than_is_due_is_asked_for(amount: int, currency: str) -> None:
    """And as much of it as Stripe can take: what is left is less than its smallest step."""
    taken = chargeable(amount, currency)
    assert taken <= amount
    assert amount - taken < 100
    assert chargeable(taken, currency) == taken == from_stripe(to_stripe(taken, currency), currency)


def test_currencies_without_a_rule_are_not_taken() -> None:
    assert [chargeable(1_000, "clf"), chargeable(-5, "usd")] == [0, 0]


@pytest.mark.parametrize(
    ("tag", "expected"),
    [
        ("en-US", "en"),
        ("en-GB", "en-GB"),
        ("es-MX", "es-419"),
        ("es-ES", "es"),
        ("es", "es"),
        ("xx-XX", "auto"),
        ("eu", "auto"),
    ],
)
def test_the_payment_page_speaks_the_nearest_language(tag: str, expected: str) -> None:
    assert expected == stripe_locale(tag)
