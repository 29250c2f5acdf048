"""Payments by bank: known to be paid, or not, days after the customer has left."""

from datetime import timedelta

import pytest
import structlog

from query_api.mail import delivery
from tests.harness.portal_installation import until
from tests.integration.payments.harness import PaymentsHarness

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def test_a_payment_by_bank_is_processing_until_it_settles(till: PaymentsHarness) -> None:
    """Pay is gone meanwhile; the mail that was promised comes with the receipt."""
    payer, page = await till.bought("bank")
    answer = await payer.come_back()
    assert ("is being processed" in answer.text, answer.headers["Refresh"]) == (True, "2")
    detail = await payer.detail()
    assert detail["processing"]["amount"] == {"amount": 12_000, "currency": "usd"}
    assert (await payer.ask()).json()["reason"] == "processing"
    assert '<button class="button">Pay' not in (await payer.get(f"invoices/{payer.invoice}")).text
    async with till.serving(ahead=timedelta(seconds=31)) as later:
        over = await payer.come_back(later)
    assert ("e-mail you" in over.text, over.headers.get("Refresh")) == (True, None)
    await payer.settle(page, succeeded=True)
    for event in await payer.told(page):
        assert (await till.post(event)).status_code == 200
    payment = await payer.one_payment()
    assert payment["method"]["kind"] == "bank"
    mail = await payer.mailed()
    assert (mail["Subject"], f"/payments/{payment['id']}" in mail["Text"]) == (
        "Your payment of invoice 1042 has arrived",
        True,
    )


async def test_a_payment_by_bank_that_fails_can_be_tried_again(till: PaymentsHarness) -> None:
    """The history says that it failed, a mail says that no money was taken, and Pay is there again."""
    payer, page = await till.bought("bank")
    await payer.settle(page, succeeded=False)
    events = await payer.told(page)
    assert events[-1]["type"] == "checkout.session.async_payment_failed"
    for event in events[::-1]:
        assert (await till.post(event)).status_code == 200

    async def failed() -> bool:
        return [one["status"] for one in (await payer.detail())["payments"]] == ["failed"]

    await until(failed, "the failed payment in the views")
    shown = (await payer.get(f"invoices/{payer.invoice}")).text
    assert "No money was taken." in shown
    assert "Pay $120.00" in shown
    again = await payer.page()
    assert again != page
    await payer.act(again, "pay")
    await payer.come_back()
    await payer.paid()


async def test_a_mail_that_cannot_be_written_is_given_up_before_it_counts_as_sent(
    till: PaymentsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with it: it would again. Why is logged, and not to whom."""

    def fail(*_: object) -> None:
        raise AttributeError("of ada@mail.test")

    monkeypatch.setattr(delivery, "serialize", fail)
    payer, page = await till.bought("bank")
    await payer.come_back()
    await payer.settle(page, succeeded=False)
    with structlog.testing.capture_logs() as said:
        for event in await payer.told(page):
            assert (await till.post(event)).status_code == 200

        async def given_up() -> bool:
            return (await payer.checkout()).mail == "sent"

        await until(given_up, "the mail's end")
    lines = [line for line in said if line["event"].startswith("mail.")]
    assert [(line["event"], line["error"]) for line in lines] == [("mail.unwritable", "AttributeError")]
    assert "ada" not in str(lines)
