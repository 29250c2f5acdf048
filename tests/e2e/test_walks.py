"""What customers come for, each from Home in at most two taps; with and without JavaScript."""

import pytest
from playwright.async_api import Page, StorageState, expect

from tests.e2e.conftest import Browsing, Portal, enter
from tests.e2e.sample_businesses import MARIA, SLUG, TWICE


@pytest.fixture(scope="module")
def kept() -> dict[str, StorageState]:
    """The cookies of who has signed in already."""
    return {}


@pytest.fixture(params=[True, False], ids=["script", "no script"])
async def home(
    request: pytest.FixtureRequest, browse: Browsing, portal: Portal, kept: dict[str, StorageState]
) -> Page:
    """Home on a phone, signed in."""
    if MARIA not in kept:
        page = await browse()
        await enter(page, portal, SLUG, MARIA)
        kept[MARIA] = await page.context.storage_state()
    page = await browse(script=request.param, width=360, cookies=kept[MARIA])
    await page.goto(f"/{SLUG}/")
    return page


async def title(page: Page) -> str:
    """The heading of a page."""
    return await page.get_by_role("heading", level=1).inner_text()


async def test_a_confirmation_is_opened_again(home: Page) -> None:
    """One tap: the next visit, its window, who comes, and the way into the calendar."""
    await home.locator("[data-live=next]").get_by_role("link", name="Pool cleaning").first.click()

    assert "Pool cleaning" in await title(home)
    await expect(home.get_by_role("main")).to_contain_text("Scheduled")
    await expect(home.get_by_role("main")).to_contain_text("Sam Ortiz")
    await expect(home.get_by_role("link", name="Add to your calendar")).to_be_visible()


async def test_what_is_unpaid_is_found(home: Page) -> None:
    """Two taps: the balance leads to what it sums, and that to the invoice with what is still to pay."""
    await home.get_by_role("link", name="$178.00").click()
    await home.get_by_role("link", name="Invoice 1041").click()

    assert await title(home) == "Invoice 1041"
    await expect(home.get_by_role("main")).to_contain_text("$49.00")


async def test_the_state_of_a_subscription_is_seen(home: Page) -> None:
    """No tap for its state, one for all of it."""
    await expect(home.locator("[data-live=subscriptions]")).to_contain_text("Active")
    await home.get_by_role("link", name="Weekly pool care", exact=True).click()

    assert await title(home) == "Weekly pool care"
    await expect(home.get_by_role("main")).to_contain_text("$129.00 a month")


async def test_the_late_visits_of_a_contract_are_opened(home: Page) -> None:
    """Two taps: the contract with its health, then exactly the visits that were late."""
    await home.get_by_role("link", name="Full pool service").click()
    health = home.locator("[data-live=health]")
    await expect(health).to_contain_text("87.5%")
    await expect(health).to_contain_text("no later than 10 minutes")
    await health.get_by_role("link", name="Late: 1").click()

    assert await title(home) == "Late (1)"
    assert await home.locator("[data-live=visits] li").count() == 1


async def test_what_is_not_counted_says_why(home: Page) -> None:
    """Two taps: the visits that are held against nobody, each with the reason."""
    await home.get_by_role("link", name="Full pool service").click()
    await home.get_by_role("link", name="visits not counted").click()

    await expect(home.locator("[data-live=visits] li")).to_have_count(2)
    await expect(home.locator("[data-live=visits]")).to_contain_text("called off on your side")


async def test_the_proof_of_the_last_visit_is_opened(home: Page) -> None:
    """One tap: all photos of the last visit, before beside after, as a PDF and as a ZIP."""
    await home.locator("[data-live=last]").get_by_role("link", name="photos").click()

    assert await title(home) == "Proof of the work"
    await expect(home.locator("main .pair")).to_have_count(2)
    assert await home.locator("main img").evaluate_all("all => all.every(one => one.alt !== '')")
    for ending in ("proof.pdf", "proof.zip"):
        await expect(home.locator(f'main a[href$="{ending}"]')).to_be_visible()


async def test_another_account_of_the_same_address_is_one_choice_away(
    browse: Browsing, portal: Portal
) -> None:
    """The switcher on every page leads to the other customer, and the name in it changes."""
    page = await browse()
    before = await portal.post.count(TWICE)
    await page.goto(f"/{SLUG}/sign-in")
    await page.locator("#email").fill(TWICE)
    await page.locator("main .button").click()
    await page.locator("#code").fill((await portal.post.to(TWICE, before + 1)).code)
    await page.locator("main .button").click()
    await page.locator("main .button").click()
    await expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Olive Owner")

    await page.locator(".switcher summary").click()
    await page.locator(".switcher button").click()

    await expect(page.get_by_role("heading", level=1)).to_have_text("Hello, Owner Rentals LLC")
    await expect(page.locator(".switcher summary")).to_have_text("Owner Rentals LLC")
