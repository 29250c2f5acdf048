"""Refunds and disputes: what goes back to the customer counts once, whatever comes first."""

import pytest

from tests.integration.payments.harness import PaymentsHarness
from tests.integration.payments.payer import ACCOUNT

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def test_refunds_in_parts_come_before_what_they_refund(till: PaymentsHarness) -> None:
    """Each counts once, behind the payment itself, whatever comes first; one of another payment is nobody's."""
    payer, page = await till.bought()
    session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
    for amount in (2_000, 3_000):
        await till.stripe("POST", "refunds", payment_intent=session["payment_intent"], amount=amount)
    events = await till.happened(session["payment_intent"])
    assert {"refund.created", "charge.refunded"} <= {event["type"] for event in events}
    for event in [*events[::-1], *events]:
        assert (await till.post(event)).status_code == 200
    await payer.paid(7_000)
    detail = await payer.detail()
    assert [(one["status"], one["refunded"]["amount"]) for one in detail["payments"]] == [
        ("partially_refunded", 5_000)
    ]
    assert detail["amount_due"]["amount"] == 5_000
    log = await till.log(payer.id)
    assert {(event.sequence, event.fact) for event in log} == {
        (1, "succeeded"),
        (2, "refunded"),
        (3, "refunded"),
    }


async def test_a_dispute_counts_when_it_is_lost(till: PaymentsHarness) -> None:
    """The bank gave the money back: for the customer it is a refund. One that was won changes nothing."""
    payer, page = await till.bought()
    await payer.come_back()
    session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
    dispute = {
        "id": "dp_1",
        "object": "dispute",
        "payment_intent": session["payment_intent"],
        "amount": 12_000,
        "currency": "usd",
        "created": 1_780_000_000,
    }
    for type_, status in (
        ("charge.dispute.created", "needs_response"),
        ("charge.dispute.closed", "won"),
        ("charge.dispute.closed", "lost"),
        ("charge.dispute.closed", "lost"),
    ):
        about = {"object": dispute | {"status": status}}
        event = {"id": f"evt_{type_}_{status}", "type": type_, "account": ACCOUNT, "data": about}
        assert (await till.post(event)).status_code == 200
        if status == "won":
            assert [fact.kind for fact in (await payer.checkout()).facts] == ["succeeded"]
    await payer.paid(0)
    assert [fact.kind for fact in (await payer.checkout()).facts] == ["succeeded", "refunded"]


async def test_a_refund_that_fails_is_for_operators(till: PaymentsHarness) -> None:
    """The money came back to the business, which still owes it: a notice says so, the views stay."""
    payer, page = await till.bought()
    await payer.come_back()
    session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
    refund = {
        "id": "re_failed",
        "object": "refund",
        "payment_intent": session["payment_intent"],
        "amount": 500,
        "currency": "usd",
        "created": 1_780_000_000,
        "status": "failed",
    }
    event = {"id": "evt_r", "type": "refund.failed", "account": ACCOUNT, "data": {"object": refund}}
    assert (await till.post(event)).status_code == 200
    payment = (await payer.checkout()).id
    found = await till.records.notices.collection.find({"subject": payment})
    assert [notice["kind"] for notice in found] == ["refund_failed"]
    await payer.paid(12_000)
