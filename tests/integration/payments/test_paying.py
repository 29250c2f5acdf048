"""Paying an invoice: one payment in the views, whoever reports it first, and however often."""

import asyncio
import json
from urllib.parse import urlsplit

import pytest

from tests.harness.portal_installation import until
from tests.integration.payments.harness import PaymentsHarness
from tests.integration.payments.payer import ACCOUNT

# Stripe's client hands httpx the body under a name that httpx is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def test_an_invoice_is_paid_from_its_page(till: PaymentsHarness) -> None:
    """Webhook only: the payment is in the views with its method, and the invoice is paid."""
    payer = await till.payer()
    assert (await payer.detail())["payable"] is True
    page = await payer.page()
    assert (await payer.act(page, "pay")).status_code == 303
    for event in await payer.told(page):
        assert (await till.post(event)).status_code == 200
    await payer.paid()
    detail = await payer.detail()
    (payment,) = detail["payments"]
    assert (detail["status"], detail["payable"], detail["processing"]) == ("paid", False, None)
    assert payment["id"].startswith("pp_")
    assert payment["method"] == {"kind": "card", "brand": "visa", "last4": "4242"}
    (published,) = await till.log(payer.id)
    assert (published.type, published.sequence, published.subject) == (
        "servicehub.payment.succeeded.v1",
        1,
        payment["id"],
    )


async def test_the_session_is_what_the_customer_expects(till: PaymentsHarness) -> None:
    """Amount, invoice, mail, language, and where to go afterwards; the account is the business's."""
    payer = await till.payer()
    page = await payer.page()
    session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
    assert (session["amount_total"], session["currency"], session["customer_email"], session["locale"]) == (
        12_000,
        "usd",
        payer.email,
        "en",
    )
    assert session["success_url"].startswith(
        f"{till.config.public_url}/blue/invoices/{payer.invoice}/return/pp_"
    )
    assert session["cancel_url"] == f"{till.config.public_url}/blue/invoices/{payer.invoice}/cancelled"


async def test_who_pays_at_the_business_s_own_address_comes_back_there(till: PaymentsHarness) -> None:
    """There they are signed in; who came by the public address comes back to that."""
    await till.say(
        "business.registered",
        business="biz_own",
        slug="own",
        stripe_account_id=ACCOUNT,
        portal_host="pay.own.test",
    )
    public = till.config.public_url
    own = f"http://pay.own.test:{urlsplit(public).port}"
    for origin in (own, public):
        payer = await till.payer(business="biz_own", slug="own")
        browser = payer.browser(origin=origin)
        answer = await browser.post(f"/own/api/invoices/{payer.invoice}/checkout", json={})
        session = await till.stripe("GET", f"checkout/sessions/{answer.json()['url'].rpartition('/')[2]}")
        assert session["success_url"].startswith(f"{origin}/own/invoices/{payer.invoice}/return/")


async def test_the_same_page_again(till: PaymentsHarness) -> None:
    """Two tabs, two devices, a double click, and after it was left: one session."""
    payer = await till.payer()
    async with till.serving() as other:
        answers = await asyncio.gather(*(payer.ask(app) for app in (till.app, other) * 5))
    assert {answer.status_code for answer in answers} == {201}
    (url,) = {answer.json()["url"] for answer in answers}
    await payer.act(url, "cancel")
    await payer.act(url, "decline")
    assert await payer.page() == url


async def test_another_amount_closes_the_page_before(till: PaymentsHarness) -> None:
    """Only one can be paid; a part payment leaves the rest due."""
    payer = await till.payer()
    whole, part = await payer.page(), await payer.page(amount=5_000)
    assert whole != part
    assert "expired" in (await payer.act(whole, "pay")).text
    await payer.act(part, "pay")
    assert (
        await payer.get(f"invoices/{payer.invoice}/return/{(await payer.checkout()).id}")
    ).status_code == 200
    await payer.paid(5_000)
    assert (await payer.detail())["amount_due"] == {"amount": 7_000, "currency": "usd"}
    assert await payer.page() not in (whole, part)


async def test_what_was_credited_meanwhile_is_not_asked_for(till: PaymentsHarness) -> None:
    payer = await till.payer()
    before = await payer.page()
    await till.say("invoice.credited", payer.invoice, payer.id, amount=2_000)

    async def credited() -> bool:
        return bool((await payer.view())["amount_due"] == 10_000)

    await until(credited, "the credit in the views")
    after = await payer.page()
    assert before != after
    session = await till.stripe("GET", f"checkout/sessions/{after.rpartition('/')[2]}")
    assert session["amount_total"] == 10_000


async def test_nothing_can_be_paid_where_nothing_is_due(till: PaymentsHarness) -> None:
    """409 as problem+json with the reason; 404 for what is not the customer's; 400 for what is no amount."""
    payer, other = await till.payer(), await till.payer(total=0)
    for asked, status, reason in (
        (await other.ask(), 409, "nothing_due"),
        (await payer.ask(amount=12_001), 409, "more_than_due"),
        (await payer.ask(amount=0), 400, None),
        (await payer.ask(amount="all"), 400, None),
    ):
        assert (asked.status_code, asked.json().get("reason")) == (status, reason)
        assert asked.headers["Content-Type"].startswith("application/problem+json")
    stranger = await payer.browser().post(f"/blue/api/invoices/{other.invoice}/checkout", json={})
    assert stranger.status_code == 404
    await till.say("invoice.voided", payer.invoice, payer.id)

    async def void() -> bool:
        return bool((await payer.view())["void"])

    await until(void, "the invoice void")
    assert (await payer.ask()).json()["reason"] == "void"


async def test_nobody_else_is_believed(till: PaymentsHarness) -> None:
    """A wrong signature, an old body, another account, other types: nothing is published."""
    payer = await till.payer()
    page = await payer.page()
    await payer.act(page, "pay")
    completed = (await payer.told(page))[-1]
    assert completed["type"] == "checkout.session.completed"
    assert (await till.post(completed, secret="whsec_other")).status_code == 400
    assert (await till.post(completed, age_s=301)).status_code == 400
    assert (await till.post(completed | {"account": "acct_other"})).status_code == 200
    assert (await till.post(completed | {"account": None})).status_code == 200
    assert (await till.post(completed | {"type": "charge.succeeded"})).status_code == 200
    assert (await till.post({"type": "v2.core.event", "object": "v2.core.event"})).status_code == 200
    changed = json.loads(json.dumps(completed))
    changed["data"]["object"]["metadata"]["payment"] = "pp_unknown"
    assert (await till.post(changed)).status_code == 200
    assert (await payer.checkout()).facts == ()
    assert completed["account"] == ACCOUNT
