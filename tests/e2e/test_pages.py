"""Pages in a real browser: what they say."""

from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from playwright.async_api import Page, StorageState, expect

from tests.e2e.clearwater import LOUD, MARIA, NEW, SLUG, SPANISH
from tests.e2e.conftest import Browsing, Portal, enter

Showing = Callable[..., Awaitable[Page]]


@pytest.fixture(scope="module")
def sessions() -> dict[tuple[str, str], StorageState]:
    """The cookies of who has signed in already, so that each does once."""
    return {}


@pytest.fixture
def show(browse: Browsing, portal: Portal, sessions: dict[tuple[str, str], StorageState]) -> Showing:
    """Opens a page as somebody sees it, with everything on it unfolded."""

    async def made(slug: str, path: str, email: str | None, **how: Any) -> Page:
        if email and (slug, email) not in sessions:
            page = await browse()
            await enter(page, portal, slug, email)
            sessions[slug, email] = await page.context.storage_state()
        page = await browse(cookies=sessions[slug, email] if email else None, **how)
        await page.goto(f"/{slug}{path}")
        for summary in await page.locator("summary").all():
            await summary.click()
        return page

    return made


async def test_home_says_what_a_customer_looks_for(show: Showing) -> None:
    """In the order of PORTAL.md: what needs them, what is next, what awaits, what was last, what is due, health."""
    page = await show(SLUG, "/", MARIA)

    headings = await page.get_by_role("main").get_by_role("heading", level=2).all_inner_texts()
    assert headings == [
        "An invoice is overdue",
        "Next visit",
        "Awaiting an update",
        "Last visit",
        "Balance",
        "How your contracts are kept",
        "Subscriptions",
        "What changed",
    ]
    main = page.get_by_role("main")
    await expect(main).to_contain_text("Invoice 1041: $49.00 was due on ")
    await expect(main.locator(".leaf")).to_contain_text("tomorrow")
    await expect(main).to_contain_text("Eastern")
    await expect(main.locator(".sum")).to_have_text("$178.00")
    await expect(main).to_contain_text("8 of 8")
    await expect(main).to_contain_text("87.5%")
    await expect(main).to_contain_text("$129.00 a month")
    await expect(page.locator("#updated")).to_have_text("Updated just now")


async def test_a_new_customer_reads_what_will_appear(show: Showing) -> None:
    """Where nothing has happened yet, each part says what it is for."""
    page = await show(SLUG, "/", NEW)

    assert await page.locator(".empty").count() == 6
    await expect(page.get_by_text("No visit is booked.")).to_be_visible()


async def test_text_of_events_is_text(show: Showing) -> None:
    """Markup in names is shown, not run, and a business's long name fits."""
    page = await show(LOUD, "/", SPANISH, width=320)

    await expect(page.get_by_role("heading", level=1)).to_have_text("Hola, Ana <b>Ávila</b>")
    await expect(page.get_by_role("banner")).to_contain_text("Piscinas & Jardines <Loud>")
    await expect(page.locator("html")).to_have_attribute("lang", "es-US")


async def test_a_page_is_light(show: Showing) -> None:
    """The home page with all it needs stays far below 60 kB, and no page runs or styles inline."""
    page = await show(SLUG, "/", MARIA)
    sizes: list[int] = []
    problems: list[str] = []
    page.on("response", lambda response: sizes.append(int(response.headers.get("content-length", "0"))))
    page.on("console", lambda message: problems.append(message.text))

    await page.reload(wait_until="networkidle")

    assert sum(sizes) < 60_000
    assert problems == []


async def test_an_error_is_in_the_name_of_the_business(browse: Browsing) -> None:
    """A page that is not there says so in the business's name, with its contact; an unknown business has none."""
    page = await browse()
    answer = await page.goto(f"/{SLUG}/no/such/page")
    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("banner")).to_contain_text("Clearwater Pools")
    await expect(page.get_by_role("contentinfo")).to_contain_text("help@clearwater.test")

    answer = await page.goto("/nobody/")

    assert answer is not None
    assert answer.status == 404
    await expect(page.get_by_role("heading", level=1)).to_have_text("Page not found")


async def test_the_logo_is_shown_or_initials(browse: Browsing) -> None:
    """A business's logo stands beside its name on every page, errors included; initials where it has none."""
    page = await browse()
    for path in ("/sign-in", "/no/such/page"):
        await page.goto(f"/{SLUG}{path}")
        logo = page.get_by_role("banner").locator("img")
        assert await logo.evaluate("image => [image.naturalWidth, image.naturalHeight]") == [176, 44]

    await page.goto(f"/{LOUD}/sign-in")

    await expect(page.get_by_role("banner").locator(".initials")).to_have_text("PJ")
