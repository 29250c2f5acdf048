"""Pages in a real browser: what they say."""

import re
from collections.abc import Awaitable, Callable
from functools import partial
from typing import Any

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Page, StorageState, expect

from tests.e2e.conftest import WITHIN_S, Browsing, Portal, enter
from tests.e2e.sample_businesses import LOUD, MARIA, NEW, NOIR, SLUG, SPANISH, TURNING
from tests.harness.portal_installation import until

Showing = Callable[..., Awaitable[Page]]

BEHIND = "This page is behind"
A_WHILE = 16_000
"""Milliseconds, a little longer than between two looks of an open page."""


def plain(said: str) -> str:
    """A text with plain spaces: CLDR uses thin and unbreakable ones."""
    return " ".join(said.split())


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
        await page.locator("details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
        return page

    return made


async def test_home_says_what_a_customer_looks_for(show: Showing) -> None:
    """In the order of docs/contracts/pages.md: what needs them, what is next, what awaits, what was last,
    what is due, health."""
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


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "Australia/Lord_Howe"])
async def test_times_are_those_of_the_place_when_its_clocks_change(show: Showing, zone: str) -> None:
    """Whatever the browser's and the business's clocks do: it is 9 o'clock there on both days."""
    page = await show(NOIR, "/appointments", TURNING, zone=zone)
    main = page.get_by_role("main")
    eve, morning = [plain(row) for row in await main.locator(".rows > li").all_inner_texts()]
    for row, expected in (
        (eve, ("Saturday, March 13", "9:00 – 11:00 AM", "Eastern Standard Time")),
        (morning, ("Sunday, March 14", "9:00 – 11:00 AM", "Eastern Time")),
    ):
        assert [one for one in expected if one not in row] == [], row

    page = await show(NOIR, "/visits/vis_back", TURNING, zone=zone)

    main = page.get_by_role("main")
    await expect(main.get_by_role("heading", level=1)).to_contain_text("Sunday, November 1")
    said = plain(await main.inner_text())
    assert "Arrived 1:20 AM, promised 1:45 AM EDT – 1:15 AM EST: 5 minutes late." in said
    assert "All times are Eastern Time." in said


async def test_a_page_that_is_behind_says_so_for_as_long_as_it_is(show: Showing, portal: Portal) -> None:
    """An open one by itself, and any that is opened; axe finds nothing on it."""
    page = await show(SLUG, "/visits", MARIA)
    await page.clock.install()
    await page.reload()
    notice = page.get_by_role("heading", name=BEHIND)
    await expect(notice).to_be_hidden()

    async with portal.paused():
        await until(partial(is_said, page, BEHIND), "pages that are behind", WITHIN_S)
        await page.clock.run_for(A_WHILE)
        await expect(notice).to_be_visible()
        await expect(page.locator("#updated")).to_have_text(re.compile("^Updated [1-9] min ago$"))
        assert (await Axe().run(page)).response["violations"] == []
        other = await show(SLUG, "/visits/vis_1", MARIA, script=False)
        await expect(other.get_by_text("What happened since then is not shown yet.")).to_be_visible()

    await until(partial(is_said, page, "Updated just now"), "pages that are not", WITHIN_S)
    await page.clock.run_for(A_WHILE)
    await expect(notice).to_be_hidden()


async def is_said(page: Page, text: str) -> bool:
    """Whether the page would say so if it were asked for now."""
    return text in await (await page.request.get(page.url)).text()


async def test_help_is_at_the_same_place_on_every_page(show: Showing) -> None:
    """Signed in and out; it leads to the office, and to what is looked for most."""
    for path, email in (("/sign-in", None), ("/no/such/page", None), ("/contracts/con_1", MARIA)):
        page = await show(SLUG, path, email)
        await page.get_by_role("banner").get_by_role("link", name="Help").click()
        await expect(page).to_have_url(re.compile(f"/{SLUG}/help$"))
        main = page.get_by_role("main")
        await expect(main.get_by_role("link", name=f"help@{SLUG}.test")).to_be_visible()
        await expect(main).to_contain_text("The code does not arrive")

    await main.get_by_role("link", name="Invoices that are not paid").click()

    await expect(page.get_by_role("main")).to_contain_text("1041")


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
