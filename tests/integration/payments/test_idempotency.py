"""What became of a payment: whoever says it first, however often, in whatever order, it counts once."""

import asyncio
from datetime import timedelta

import pytest

from local_stack.stack import Stack
from read_models.documents import document_id
from tests.harness.portal_installation import until
from tests.integration.payments.harness import PaymentsHarness
from tests.integration.payments.payer import BUSINESS

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def test_the_webhook_comes_first(till: PaymentsHarness) -> None:
    payer, page = await till.bought()
    for event in await payer.told(page):
        assert (await till.post(event)).status_code == 200
    assert (await payer.come_back()).status_code == 200
    await payer.one_payment()


async def test_the_customer_comes_back_first(till: PaymentsHarness) -> None:
    """The page says paid in the same answer, because it waits for the views; the webhook adds nothing."""
    payer, page = await till.bought()
    answer = await payer.come_back()
    assert ("is paid." in answer.text, answer.headers.get("Refresh")) == (True, None)
    for event in await payer.told(page):
        assert (await till.post(event)).status_code == 200
    await payer.one_payment()


async def test_both_come_at_once_and_several_times(till: PaymentsHarness) -> None:
    payer, page = await till.bought()
    events = await payer.told(page)
    async with till.serving() as other:
        await asyncio.gather(
            *(till.post(event, app=app) for event in events * 3 for app in (till.app, other)),
            *(payer.come_back(app) for app in (till.app, other) * 3),
        )
    await payer.one_payment()


async def test_stripe_sends_everything_late_twice_and_the_last_first(till: PaymentsHarness) -> None:
    """To a webhook of a `portal serve` of its own."""
    serve = till.one.start("serve")
    await till.one.answers("/-/health/ready")
    await till.deliver(
        webhook_url=f"{till.config.public_url}/-/webhooks/stripe", delay_s=0.3, copies=2, shuffle=True
    )
    payer, _ = await till.bought()
    await payer.one_payment()
    assert await serve.stop() == 0


async def test_too_much_paid_is_kept(till: PaymentsHarness) -> None:
    """Credited while the customer was paying: what was paid beyond it is overpaid, never lost."""
    payer, _ = await till.bought()
    await till.say("invoice.credited", payer.invoice, payer.id, amount=12_000)
    await payer.come_back()
    await payer.paid()
    detail = await payer.detail()
    assert (detail["overpaid"]["amount"], detail["amount_due"]["amount"]) == (12_000, 0)
    assert "kept as credit" in (await payer.get(f"invoices/{payer.invoice}")).text


@pytest.mark.parametrize(
    ("currency", "total", "asked", "paid"),
    [("jpy", 5_000, 5_000, 5_000), ("kwd", 12_345, 12_340, 12_340), ("isk", 500, 50_000, 500)],
)
async def test_currencies_at_stripes_edge(
    till: PaymentsHarness, currency: str, total: int, asked: int, paid: int
) -> None:
    """Stripe is asked in its own counting, and the views count as always: never more than is due."""
    payer = await till.payer(total, currency=currency)
    page = await payer.page()
    session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
    assert session["amount_total"] == asked
    await payer.act(page, "pay")
    await payer.come_back()
    await payer.paid(paid)


async def test_kafka_is_away(till: PaymentsHarness, stack: Stack) -> None:
    """Stripe gets its 200, the customer waits, nothing is lost however long it takes; then it is paid, once."""
    payer, page = await till.bought()
    stack.kill("kafka")
    try:
        for event in await payer.told(page):
            assert (await till.post(event)).status_code == 200
        answer = await payer.come_back()
        assert ("is being processed" in answer.text, answer.headers["Refresh"]) == (True, "2")
        assert (await payer.ask()).json()["reason"] == "processing"
        await asyncio.sleep(8)
        known = await payer.checkout()
        assert ([fact.kind for fact in known.facts], known.published) == (["succeeded"], 0)
        # As if it had been tried for a year: there is no last attempt.
        await till.records.checkouts.collection.update({"_id": known.id}, {"$set": {"attempts": 1_000_000}})
    finally:
        stack.restart("kafka")
    async with till.serving(ahead=timedelta(days=400)):
        await payer.one_payment()

        async def marked() -> bool:
            # The views may be faster than the answer to whoever publishes.
            return (await payer.checkout()).published == 1

        await until(marked, "the fact marked as published")


async def test_an_erased_customer_leaves_no_payment_behind(till: PaymentsHarness) -> None:
    """The record goes with the customer; what Stripe still says of it is nobody's."""
    payer, page = await till.bought()
    events = await payer.told(page)
    await till.say("customer.erased", payer.id, payer.id)
    about = document_id(BUSINESS, payer.id, "invoice", payer.invoice)

    async def gone() -> bool:
        return await till.records.checkouts.latest(about) is None

    await until(gone, "the record gone")
    for event in events:
        assert (await till.post(event)).status_code == 200
    assert await till.records.checkouts.latest(about) is None
    assert await till.log(payer.id) == []
