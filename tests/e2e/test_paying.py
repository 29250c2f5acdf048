"""Paying in a real browser, against the local payment page: what the customer sees, step by step."""

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import NamedTuple

import httpx
import pytest
from playwright.async_api import Page, expect

from tests.e2e.conftest import Browsing, Portal, enter
from tests.e2e.sample_businesses import PAYERS, TILL
from tests.harness.portal_installation import until

PAY = "Pay $120.00"


class Wallet(NamedTuple):
    """A customer with an open invoice of $120.00, signed in."""

    page: Page
    email: str


Opening = Callable[..., Awaitable[Wallet]]
payers = iter(PAYERS[1:])  # the first one is looked at by others


@pytest.fixture
async def stripe(portal: Portal) -> AsyncIterator[httpx.AsyncClient]:
    """The stand-in; its events reach the portal unless a test says otherwise."""
    async with httpx.AsyncClient(base_url=portal.stripe, trust_env=False) as client:
        await deliver(client, f"{portal.url}/-/webhooks/stripe")
        yield client
        await deliver(client, None)


async def deliver(client: httpx.AsyncClient, url: str | None, delay_s: float = 0.0) -> None:
    settings = {"webhook_url": url, "delay_s": delay_s, "copies": 1, "shuffle": False}
    (await client.post("/control", json=settings)).raise_for_status()


@pytest.fixture
def wallet(browse: Browsing, portal: Portal, stripe: httpx.AsyncClient) -> Opening:
    """Opens the invoice of a customer nobody else has used."""

    async def made(**how: bool) -> Wallet:
        email = next(payers)
        page = await browse(**how)
        await enter(page, portal, TILL, email)
        await page.get_by_role("navigation", name="Pages").get_by_role("link", name="Invoices").click()
        await page.get_by_role("link", name="Invoice 2001").click()
        await expect(page.get_by_role("button", name=PAY)).to_be_visible()
        return Wallet(page, email)

    return made


async def paid(page: Page) -> None:
    """The return page says so, and so does the invoice."""
    await expect(page.locator("main [role=status]:not(#renewed)")).to_contain_text(
        "$120.00 for invoice 2001 is paid."
    )
    await page.get_by_role("link", name="Go to invoice 2001").click()
    await expect(page.get_by_text("Paid in full. Thank you!")).to_be_visible()
    await expect(page.get_by_role("button", name=PAY)).to_have_count(0)


@pytest.mark.parametrize("script", [True, False], ids=["with JavaScript", "without"])
async def test_pay(wallet: Opening, script: bool) -> None:
    """From the invoice to the payment page and back: paid, with a receipt, and listed."""
    page, _ = await wallet(script=script)
    await page.get_by_role("button", name=PAY).click()
    await page.get_by_role("button", name="Pay", exact=True).click()
    await paid(page)
    await page.get_by_role("region", name="Payments").get_by_role("link").click()
    await expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    await expect(page.get_by_text("Card Visa •••• 4242")).to_be_visible()


async def test_decline_then_pay(wallet: Opening) -> None:
    """A declined card is said where it was declined; the second try is the one payment there is."""
    page, _ = await wallet()
    await page.get_by_role("button", name=PAY).click()
    await page.get_by_role("button", name="Decline").click()
    await expect(page.get_by_role("alert")).to_contain_text("declined")
    await page.get_by_role("button", name="Pay", exact=True).click()
    await paid(page)
    await expect(page.get_by_role("region", name="Payments").get_by_role("link")).to_have_count(1)


async def test_cancel(wallet: Opening) -> None:
    """No payment was taken, it says, and Pay leads to the same page again."""
    page, _ = await wallet()
    await page.get_by_role("button", name=PAY).click()
    url = page.url
    await page.get_by_role("button", name="Cancel").click()
    await expect(page.locator("main [role=status]:not(#renewed)")).to_contain_text("No payment was taken.")
    await page.get_by_role("button", name=PAY).click()
    await expect(page).to_have_url(url)


@pytest.mark.parametrize("succeeded", [True, False])
async def test_a_bank_debit_settles_later(
    wallet: Opening, stripe: httpx.AsyncClient, portal: Portal, succeeded: bool
) -> None:
    """Processing, with Pay gone, the page looking again by itself until it promises a mail; which comes."""
    page, email = await wallet()
    await page.get_by_role("button", name=PAY).click()
    session = page.url.rpartition("/")[2]
    await page.get_by_role("button", name="Pay by bank").click()
    await expect(page.locator("main [role=status]:not(#renewed)")).to_contain_text(
        "This page looks again by itself."
    )
    if succeeded:  # After half a minute, which is the same in both.
        await expect(page.locator("main [role=status]:not(#renewed)")).to_contain_text(
            "You don't need to pay again. We'll e-mail you.", timeout=90_000
        )
    await page.get_by_role("link", name="Go to invoice 2001").click()
    await expect(page.get_by_text("Your payment of $120.00 is being processed.")).to_be_visible()
    await expect(page.get_by_role("button", name=PAY)).to_have_count(0)
    number = await portal.post.count(email) + 1
    await stripe.post("/control/settle", json={"session": session, "succeeded": succeeded})
    mail = await portal.post.to(email, number)
    await page.goto(mail.link)
    if succeeded:
        assert "has arrived" in mail.subject
        await expect(page.get_by_role("heading", name="Receipt")).to_be_visible()
    else:
        assert "did not go through" in mail.subject
        await expect(
            page.get_by_text("Your last payment did not go through. No money was taken.")
        ).to_be_visible()
        await expect(page.get_by_role("button", name=PAY)).to_be_visible()


async def test_the_back_button(wallet: Opening) -> None:
    """Back on the invoice after paying, and pressing Pay that may still stand there: there is nothing to pay twice."""
    page, _ = await wallet()
    invoice = page.url
    await page.get_by_role("button", name=PAY).click()
    await page.get_by_role("button", name="Pay", exact=True).click()
    await expect(page.locator("main [role=status]:not(#renewed)")).to_contain_text("is paid.")
    for _ in range(4):
        if page.url == invoice:
            break
        await page.go_back()
    await expect(page).to_have_url(invoice)
    button = page.get_by_role("button", name=PAY)
    if await button.count():
        await button.click()
    await expect(page.get_by_text("Paid in full. Thank you!")).to_be_visible()


async def test_two_tabs(wallet: Opening) -> None:
    """Both lead to one payment page; what is paid in one cannot be paid in the other."""
    page, _ = await wallet()
    other = await page.context.new_page()
    await other.goto(page.url)
    for tab in (page, other):
        await tab.get_by_role("button", name=PAY).click()
    assert page.url == other.url
    await page.get_by_role("button", name="Pay", exact=True).click()
    await paid(page)
    await other.reload()
    await expect(other.get_by_text("This payment is complete.")).to_be_visible()


async def test_the_tab_is_closed_before_it_comes_back(wallet: Opening, stripe: httpx.AsyncClient) -> None:
    """The webhook says it; the customer finds it paid the next time."""
    page, _ = await wallet()
    invoice = page.url
    await page.get_by_role("button", name=PAY).click()
    await stripe.post(page.url, data={"action": "pay"})
    context = page.context
    await page.close()
    again = await context.new_page()

    async def is_paid() -> bool:
        await again.goto(invoice)
        return await again.get_by_text("Paid in full. Thank you!").count() == 1

    await until(is_paid, "the invoice paid")


async def test_a_part_is_paid(wallet: Opening) -> None:
    """What was typed wrong is said at the field and kept; the rest stays due."""
    page, _ = await wallet()
    await page.get_by_text("Pay a part of it").click()
    for typed in ("no", "500"):
        await page.get_by_label("Amount in USD").fill(typed)
        await page.get_by_role("button", name="Pay this amount").click()
        await expect(page).to_have_title(re.compile("^Error: "))
        await expect(page.get_by_label("Amount in USD")).to_have_value(typed)
    await page.get_by_label("Amount in USD").fill("50.00")
    await page.get_by_role("button", name="Pay this amount").click()
    await page.get_by_role("button", name="Pay", exact=True).click()
    await expect(page.locator("main [role=status]:not(#renewed)")).to_contain_text(
        "$50.00 for invoice 2001 is paid."
    )
    await page.get_by_role("link", name="Go to invoice 2001").click()
    await expect(page.get_by_role("button", name="Pay $70.00")).to_be_visible()
