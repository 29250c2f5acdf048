"""What became of a payment: whoever says it first, however often, in whatever order, it counts once."""

import asyncio
from datetime import timedelta

import pytest

from local_stack.stack import Stack
from read_models.documents import document_id
from tests.integration.payments.till import ACCOUNT, BUSINESS, SLUG, Payer, Till
from tests.processes import until

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def bought(till: Till, action: str = "pay") -> tuple[Payer, str]:
    """A customer who has just paid, of which nobody has told the portal."""
    payer = await till.payer()
    page = await payer.page()
    assert (await payer.act(page, action)).status_code == 303
    return payer, page


async def test_the_webhook_comes_first(till: Till) -> None:
    payer, page = await bought(till)
    for event in await payer.told(page):
        assert (await till.post(event)).status_code == 200
    assert (await payer.come_back()).status_code == 200
    await payer.one_payment()


async def test_the_customer_comes_back_first(till: Till) -> None:
    """The page says paid in the same answer, because it waits for the views; the webhook adds nothing."""
    payer, page = await bought(till)
    answer = await payer.come_back()
    assert ("is paid." in answer.text, answer.headers.get("Refresh")) == (True, None)
    for event in await payer.told(page):
        assert (await till.post(event)).status_code == 200
    await payer.one_payment()


async def test_both_come_at_once_and_several_times(till: Till) -> None:
    payer, page = await bought(till)
    events = await payer.told(page)
    async with till.serving() as other:
        await asyncio.gather(
            *(till.post(event, app=app) for event in events * 3 for app in (till.app, other)),
            *(payer.come_back(app) for app in (till.app, other) * 3),
        )
    await payer.one_payment()


async def test_stripe_sends_everything_late_twice_and_the_last_first(till: Till) -> None:
    """To a webhook of a `portal serve` of its own."""
    serve = till.one.start("serve")
    await till.one.answers("/-/health/ready")
    await till.deliver(
        webhook_url=f"{till.config.public_url}/-/webhooks/stripe", delay_s=0.3, copies=2, shuffle=True
    )
    payer, _ = await bought(till)
    await payer.one_payment()
    assert await serve.stop() == 0


async def test_nobody_tells_the_portal(till: Till) -> None:
    """The tab is closed, the webhook never comes: reconciliation finds it, once."""
    payer, _ = await bought(till)
    dry = await till.one.run("payments", "reconcile", "--dry-run")
    id_ = (await payer.checkout()).id
    assert (dry.returncode, f"DIFFERS  {ACCOUNT}  {id_}  succeeded" in dry.stdout) == (1, True), dry.stdout
    assert (await payer.checkout()).facts == ()
    done = await till.one.run("payments", "reconcile")
    assert (done.returncode, f"published  {ACCOUNT}  {id_}  succeeded" in done.stdout) == (0, True), (
        done.stdout + done.stderr
    )
    await payer.one_payment()
    again = await till.one.run("payments", "reconcile", "--since", "2020-01-01")
    assert (again.returncode, "0 published that were missing, 0 differences left" in again.stdout) == (
        0,
        True,
    )


async def test_reconciling_says_what_it_needs(till: Till) -> None:
    wrong = await till.one.run("payments", "reconcile", "--since", "yesterday")
    assert (wrong.returncode, "--since" in wrong.stderr) == (2, True)
    off = await till.one.run("payments", "reconcile", PORTAL_STRIPE_API_KEY="")
    assert (off.returncode, "PORTAL_STRIPE_API_KEY" in off.stderr) == (2, True)
    away = await till.one.run("payments", "reconcile", PORTAL_STRIPE_API_BASE="http://127.0.0.1:9")
    assert (away.returncode, "Stripe does not answer" in away.stderr) == (1, True)


async def test_a_payment_by_bank_is_processing_until_it_settles(till: Till) -> None:
    """Pay is gone meanwhile; the mail that was promised comes with the receipt."""
    payer, page = await bought(till, "bank")
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
    mail = await mailed(till, payer)
    assert (mail["Subject"], f"/payments/{payment['id']}" in mail["Text"]) == (
        "Your payment of invoice 1042 has arrived",
        True,
    )


async def test_a_payment_by_bank_that_fails_can_be_tried_again(till: Till) -> None:
    """The history says that it failed, a mail says that no money was taken, and Pay is there again."""
    payer, page = await bought(till, "bank")
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


async def test_refunds_in_parts_come_before_what_they_refund(till: Till) -> None:
    """Each counts once, behind the payment itself, whatever comes first; one of another payment is nobody's."""
    payer, page = await bought(till)
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


async def test_reconciliation_finds_refunds(till: Till) -> None:
    payer, page = await bought(till)
    await payer.come_back()
    await payer.paid()
    session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
    await till.stripe("POST", "refunds", payment_intent=session["payment_intent"])
    done = await till.one.run("payments", "reconcile")
    assert done.returncode == 0, done.stdout + done.stderr
    await payer.paid(0)
    assert [one["status"] for one in (await payer.detail())["payments"]] == ["refunded"]


async def test_a_dispute_counts_when_it_is_lost(till: Till) -> None:
    """The bank gave the money back: for the customer it is a refund. One that was won changes nothing."""
    payer, page = await bought(till)
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


async def test_a_refund_that_fails_is_for_operators(till: Till) -> None:
    """The money came back to the business, which still owes it: a notice says so, the views stay."""
    payer, page = await bought(till)
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


async def test_too_much_paid_is_kept(till: Till) -> None:
    """Credited while the customer was paying: what was paid beyond it is overpaid, never lost."""
    payer, _ = await bought(till)
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
    till: Till, currency: str, total: int, asked: int, paid: int
) -> None:
    """Stripe is asked in its own counting, and the views count as always: never more than is due."""
    payer = await till.payer(total, currency=currency)
    page = await payer.page()
    session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
    assert session["amount_total"] == asked
    await payer.act(page, "pay")
    await payer.come_back()
    await payer.paid(paid)


async def test_the_way_back_without_paying(till: Till) -> None:
    """Cancelled: no payment was taken, and it says so; and not where one was."""
    payer = await till.payer()
    page = await payer.page()
    cancelled = f"invoices/{payer.invoice}/cancelled"
    assert "No payment was taken." in (await payer.get(cancelled)).text
    back = await payer.come_back()
    assert (back.status_code, back.headers["Location"]) == (303, f"/{SLUG}/invoices/{payer.invoice}")
    await payer.act(page, "pay")
    after = await payer.get(cancelled)
    assert (after.status_code, "/return/pp_" in after.headers["Location"]) == (303, True)


async def test_the_way_back_is_only_ones_own(till: Till) -> None:
    """Another customer's payment, or one that is none, is a 404; signed out it leads to the sign-in and back."""
    payer, _ = await bought(till)
    other = await till.payer()
    path = f"invoices/{payer.invoice}/return/{(await payer.checkout()).id}"
    assert (await other.get(path)).status_code == 404
    assert (await payer.get(f"invoices/{payer.invoice}/return/pp_none")).status_code == 404
    out = other.browser()
    del out.headers["Cookie"]
    answer = await out.get(f"/{SLUG}/{path}")
    assert answer.headers["Location"] == f"/{SLUG}/sign-in?next=/{SLUG}/{path}"


async def test_kafka_is_away(till: Till, stack: Stack) -> None:
    """Stripe gets its 200, the customer waits, nothing is lost however long it takes; then it is paid, once."""
    payer, page = await bought(till)
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
    assert (await payer.checkout()).published == 1


async def test_an_erased_customer_leaves_no_payment_behind(till: Till) -> None:
    """The record goes with the customer; what Stripe still says of it is nobody's."""
    payer, page = await bought(till)
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


async def mailed(till: Till, payer: Payer) -> dict[str, str]:
    """The first mail to a customer."""
    api = till.one.env["LOCAL_MAIL_API"]
    found: list[dict[str, str]] = []

    async def there() -> bool:
        answer = await till.http.get(f"{api}/api/v1/search", params={"query": f'to:"{payer.email}"'})
        found[:] = answer.json()["messages"]
        return bool(found)

    await until(there, "a mail")
    whole = await till.http.get(f"{api}/api/v1/message/{found[0]['ID']}")
    mail: dict[str, str] = whole.json()
    return mail
