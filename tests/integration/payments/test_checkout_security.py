"""Checkout and the way back, attacked: only what is due is paid, by whom it is due from, on one page at a time."""

import asyncio
import itertools
from typing import Any, cast

import httpx
import pytest

from query_api.services import services_in
from read_models.documents import document_id
from tests.harness.portal_installation import until
from tests.integration.harness.customer_surface import Browser
from tests.integration.payments.harness import PaymentsHarness
from tests.integration.payments.payer import Json, Payer

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture(scope="module")
async def payer(till: PaymentsHarness) -> Payer:
    """A customer whose invoice nobody pays."""
    return await till.payer()


async def nothing_begun(till: PaymentsHarness, payer: Payer) -> bool:
    """Whether no payment of the customer's invoice was ever begun."""
    about = document_id(payer.business, payer.id, "invoice", payer.invoice)
    return await till.records.checkouts.latest(about) is None


async def sessions_of(till: PaymentsHarness, payer: Payer) -> list[Json]:
    """Stripe's sessions of a customer."""
    found = (await till.stripe("GET", "checkout/sessions?limit=100"))["data"]
    return [one for one in found if one["metadata"].get("customer") == payer.id]


@pytest.mark.parametrize(
    "body",
    [
        *(b'{"amount": %s}' % odd for odd in (b"-1", b"0", b"-0", b"0.5", b"1.5", b"1e400", b"NaN", b"true")),
        *(b'{"amount": %d}' % odd for odd in (-(2**63), 2**53, 2**63, 2**64, 10**400)),
        *(b'{"amount": %s}' % odd for odd in (b"[]", b"[1]", b"{}", b'{"$gt": 0}', b'{"amount": 1}')),
        *(b'{"amount": "%s"}' % odd for odd in (b"5", b"50.00", b"-1", b"", b"all", b"1e3", b"\\u0665")),
        *(b"[]", b"[1]", b"1", b'"x"', b"{", b"\xff", b"[" * 5000, b'{"amount": 1, "amount": -1}'),
    ],
)
async def test_what_is_no_amount_is_refused(till: PaymentsHarness, payer: Payer, body: bytes) -> None:
    """400, and nothing is begun."""
    browser = payer.browser()
    browser.headers["Content-Type"] = "application/json"
    answer = await browser.post(f"/{payer.slug}/api/invoices/{payer.invoice}/checkout", content=body)
    assert (answer.status_code, answer.headers["Content-Type"]) == (400, "application/problem+json")
    assert await nothing_begun(till, payer)


@pytest.mark.parametrize(
    "typed",
    [
        *("-5", "0", "0.00", "0.001", "1e3", "1E3", "NaN", "Infinity", "0x10", "5;5", "+5", "5-", "--5"),
        *("٥", "１２", "½", "5.0.0", "5,5,5", ".", ",", "$", "' OR 1=1", "5\0", "5\r\nX: 1"),
        *("9" * 40, "9" * 10_000, "90071992547409.93", "50.005", "€ 5 $ 5", "=1+1", "{{7*7}}"),
    ],
)
async def test_what_is_typed_as_no_amount_is_refused(till: PaymentsHarness, payer: Payer, typed: str) -> None:
    """Said on the page, with what was typed, as a text; and nothing is begun."""
    browser = payer.browser()
    answer = await browser.post(f"/{payer.slug}/invoices/{payer.invoice}/checkout", data={"amount": typed})
    assert answer.status_code in (409, 422)
    assert "Error: " in answer.text
    assert await nothing_begun(till, payer)


async def test_nothing_but_the_amount_is_the_customers_to_say(till: PaymentsHarness) -> None:
    """Whose invoice it is, its currency, its account, where to go: all of it is ours."""
    payer = await till.payer()
    tricks: Json = {
        "currency": "jpy",
        "account": "acct_other",
        "stripe_account": "acct_other",
        "customer": "cus_1",
        "business": "biz_2",
        "invoice_id": "i1",
        "success_url": "https://evil.test",
        "amount_due": 1,
        "metadata": {"payment": "pp_x"},
    }
    page = await payer.page(amount=5_000, **tricks)
    (session,) = await sessions_of(till, payer)
    assert page.endswith(session["id"])
    assert (session["amount_total"], session["currency"]) == (5_000, "usd")
    known = await payer.checkout()
    assert session["metadata"] == {
        "payment": known.id,
        "invoice": payer.invoice,
        "business": payer.business,
        "customer": payer.id,
    }
    assert session["success_url"].startswith(f"{till.config.public_url}/{payer.slug}/invoices/")


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "same-site"}]
)
async def test_another_sites_form_begins_nothing(
    till: PaymentsHarness, payer: Payer, headers: dict[str, str]
) -> None:
    """By API and by form."""
    async with httpx.AsyncClient(
        transport=httpx.ASGITransport(cast("Any", till.app)), base_url=till.config.public_url
    ) as forger:
        for path in ("api/invoices", "invoices"):
            answer = await forger.post(
                f"/{payer.slug}/{path}/{payer.invoice}/checkout",
                headers={"Cookie": payer.browser().headers["Cookie"], **headers},
            )
            assert answer.status_code == 403
    assert await nothing_begun(till, payer)


async def test_what_is_not_ones_own_is_not_there(till: PaymentsHarness, payer: Payer) -> None:
    """Another customer's invoice and payment, a made-up one, and nobody signed in: as if there were none."""
    other, _ = await till.bought()
    theirs = await other.checkout()
    mine = payer.browser()
    orders = [
        await mine.post(f"/{payer.slug}/api/invoices/{invoice}/checkout", json={})
        for invoice in (other.invoice, "i1-nobody", "pp_1", "..%2f..", "%00")
    ]
    assert {(one.status_code, one.content) for one in orders} == {(404, orders[0].content)}
    names = (
        theirs.id,
        f"{theirs.id}%00",
        "pp_",
        "pp_" + "0" * 32,
        "x" * 3000,
        "%24gt",
        theirs.session or "",
    )
    for invoice, name in itertools.product((payer.invoice, other.invoice), names):
        for path in (f"invoices/{invoice}/return/{name}", f"payments/{name}", f"api/payments/{name}"):
            assert (await mine.get(f"/{payer.slug}/{path}")).status_code in (404, 405), path
    # One's own payment, under an invoice that it is not of.
    assert (await other.get(f"invoices/{payer.invoice}/return/{theirs.id}")).status_code == 404
    assert (await other.checkout()).returned_at is None
    outside = Browser(till.app, till.config.public_url)
    assert (await outside.post(f"/{payer.slug}/api/invoices/{other.invoice}/checkout")).status_code == 401


async def test_the_way_back_believes_no_address(till: PaymentsHarness) -> None:
    """The session that counts is the one of our record, whatever the address says of another that is paid."""
    (rich, page), poor = await till.bought(), await till.payer()
    await poor.page()
    paid = page.rpartition("/")[2]
    mine = (await poor.checkout()).id
    for query in (f"session_id={paid}", f"session={paid}&status=paid", "redirect_status=succeeded"):
        answer = await poor.get(f"invoices/{poor.invoice}/return/{mine}?{query}")
        assert answer.headers["Location"] == f"/{poor.slug}/invoices/{poor.invoice}"
    assert (await poor.checkout()).facts == ()
    await rich.come_back()
    await rich.one_payment()


async def test_many_orders_at_once_leave_one_page_that_can_be_paid(till: PaymentsHarness) -> None:
    """Of other amounts, from several processes: whoever pays on all pages there ever were pays once."""
    payer = await till.payer()
    bodies: list[dict[str, Any]] = [{}, {"amount": 5_000}, {"amount": 7_000}, {"amount": 12_000}]
    async with till.serving() as other:
        answers = await asyncio.gather(
            *(payer.ask(app, **body) for body in bodies * 3 for app in (till.app, other))
        )
    assert {one.status_code for one in answers} <= {201, 503}
    opened = [one for one in await sessions_of(till, payer) if one["status"] == "open"]
    assert len(opened) <= 1
    await payer.page()
    pages = {f"{till.control}/pay/{one['id']}" for one in await sessions_of(till, payer)}
    await asyncio.gather(*(payer.act(page, "pay") for page in pages))
    assert (await payer.ask()).json()["reason"] == "processing"
    assert [one["amount_total"] for one in await sessions_of(till, payer) if one["status"] == "complete"] == [
        12_000
    ]
    await payer.one_payment()
    assert (await payer.ask()).json()["reason"] == "nothing_due"


async def test_parts_never_come_to_more_than_is_due(till: PaymentsHarness) -> None:
    """Each part counts before the next is begun, and the last is what is left."""
    payer = await till.payer()
    for amount, so_far in ((5_000, 5_000), (6_999, 11_999)):
        page = await payer.page(amount=amount)
        await payer.act(page, "pay")
        assert (await payer.ask(amount=1)).json()["reason"] == "processing"
        await payer.come_back()
        await payer.paid(so_far)
    refused = await payer.ask(amount=2)
    assert (refused.json()["reason"], refused.json()["due"]) == (
        "more_than_due",
        {"amount": 1, "currency": "usd"},
    )
    await payer.act(await payer.page(), "pay")
    await payer.come_back()
    await payer.paid()
    assert (await payer.detail())["overpaid"]["amount"] == 0


async def test_a_business_that_takes_no_payments_and_one_that_is_closed(till: PaymentsHarness) -> None:
    """409 without an account; once closed nothing is there, and what was paid before still counts in the log."""
    await till.say("business.registered", business="biz_2", slug="green", stripe_account_id=None)
    without = await till.payer(business="biz_2", slug="green")
    assert (await without.ask()).json()["reason"] == "not_online"
    assert (await without.detail())["payable"] is False
    form = await without.browser().post(f"/green/invoices/{without.invoice}/checkout")
    assert form.status_code == 409

    await till.say("business.registered", business="biz_3", slug="grey", stripe_account_id="acct_till")
    paying = await till.payer(business="biz_3", slug="grey")
    page = await paying.page()
    await till.say("business.closed", business="biz_3")

    async def closed() -> bool:
        return (await paying.ask()).status_code == 404

    await until(closed, "the business closed")
    await paying.act(page, "pay")
    assert (await paying.come_back()).status_code == 404
    for event in await paying.told(page):
        assert (await till.post(event)).status_code == 200
    assert [fact.kind for fact in (await paying.checkout()).facts] == ["succeeded"]


async def test_an_order_that_outlasts_its_customer_begins_nothing_anew(
    till: PaymentsHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Erased while Stripe takes its time: nothing with a name in it is written behind the erasure."""
    payments = services_in(till.app).payments
    assert payments
    stripe = payments.outcomes.stripe
    for name in ("create", "session", "expire"):
        payer = await till.payer()
        if name != "create":
            await payer.page()
        original = getattr(stripe, name)

        async def slow(*asked: Any, original: Any = original, customer: str = payer.id) -> Any:
            answer = await original(*asked)
            await till.records.checkouts.collection.delete({"customer": customer})
            return answer

        with monkeypatch.context() as patched:
            patched.setattr(stripe, name, slow)
            assert (await payer.ask(amount=5_000)).status_code == 503
        assert await nothing_begun(till, payer)
