"""Every page in the states that make it done: for everybody's eyes, fingers, keyboards, screens and printers."""

import re
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any, NamedTuple

import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, Page, StorageState, expect

from tests.e2e.conftest import WITHIN_S, Portal, enter
from tests.e2e.sample_businesses import (
    LOUD,
    MANY,
    MARIA,
    NEW,
    NOIR,
    PAYERS,
    SLUG,
    SOMBRE,
    SPANISH,
    TILL,
    TURNING,
)

PICTURES = Path("build/pages")
"""What the pages looked like: kept by every run."""

RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]

OF_COLOURS = {"type": "rule", "values": ["color-contrast", "link-in-text-block"]}
"""What may be another thing by night: the rest of a page is the same."""

EVERYTHING = [
    "/",
    "/visits",
    "/appointments",
    "/visits/vis_1",
    "/visits/vis_30",
    "/visits/vis_1/proof",
    "/visits/vis_1/proof/prf_0",
    "/visits/vis_1/compare/prf_0/prf_2",
    "/invoices",
    "/invoices/inv_1041",
    "/payments",
    "/payments/pay_1",
    "/contracts",
    "/contracts/con_1",
    "/contracts/con_1/visits?counted=late",
    "/contracts/con_1/visits?counted=excluded",
    "/subscriptions",
    "/subscriptions/sub_1",
    "/activity",
    "/account",
    "/help",
    "/accessibility",
]
"""Below the slug: what a customer with something of everything sees."""

LISTS = ["/", "/visits", "/contracts", "/activity"]

PAGES = [
    *((SLUG, path, MARIA) for path in EVERYTHING),
    *((LOUD, path, SPANISH) for path in EVERYTHING),
    *((NOIR, path, SOMBRE) for path in ("/", "/contracts/con_1")),
    *((NOIR, path, TURNING) for path in ("/appointments", "/visits/vis_back")),
    *((SLUG, path, NEW) for path in LISTS),
    (TILL, "/invoices/inv_0", PAYERS[0]),
    *((SLUG, path, MANY) for path in ("/", "/visits", "/invoices")),
    *((slug, "/sign-in", None) for slug in (SLUG, LOUD, NOIR)),
    (SLUG, "/help", None),
    (SLUG, "/sign-in/nosuchtoken", None),
    (SLUG, "/no/such/page", None),
]
"""The business (its colour, its language), the path below its slug, and who is signed in."""

OVERFLOW = "document.documentElement.scrollWidth - document.documentElement.clientWidth"

SMALL = """() => {
    const alone = "header a, header button, .button, .field input, summary, footer a, .rooms a, .chips a, .reach";
    const visible = (one) => one.checkVisibility() && one.getBoundingClientRect().height > 1;
    return [...document.querySelectorAll(alone)]
        .filter((one) => visible(one) && one.getBoundingClientRect().height < 43.5)
        .map((one) => one.outerHTML.slice(0, 200));
}"""
"""What stands alone and is too small to be pressed (WCAG 2.2, 2.5.5: 44 px)."""

EMPTY = """() => {
    const shown = (one) => one.checkVisibility() && one.getBoundingClientRect().height > 1;
    return [...document.querySelectorAll("main section, main .stack > *, main .sheet > *")]
        .filter((one) => shown(one) && !one.textContent.trim() && !one.querySelector("img, svg, input"))
        .map((one) => one.outerHTML.slice(0, 200));
}"""
"""What takes room and says nothing."""

FOCUS = """() => {
    const focused = document.activeElement, box = focused.getBoundingClientRect(), shown = getComputedStyle(focused);
    const pseudo = getComputedStyle(focused, "::after");
    const bar = document.querySelector(".rooms");
    const fixed = bar && getComputedStyle(bar).position === "fixed" && !bar.contains(focused);
    return {
        what: focused.outerHTML.slice(0, 200),
        on_page: focused === document.body,
        outlined: shown.outlineStyle === "solid" || pseudo.outlineStyle === "solid",
        in_sight: box.bottom > 0 && box.top < (fixed ? bar.getBoundingClientRect().top : innerHeight),
    };
}"""
"""What has the focus, whether that can be seen, and whether it lies where it can be (WCAG 2.2, 2.4.7 and 2.4.11)."""


class Opened(NamedTuple):
    """A page as somebody sees it, everything on it unfolded."""

    name: str
    page: Page
    problems: list[str]
    """What the browser complained about."""


@pytest.fixture(scope="module")
def sessions() -> dict[tuple[str, str], StorageState]:
    """The cookies of who has signed in already, so that each does once."""
    return {}


@pytest.fixture(scope="module", params=PAGES, ids=lambda one: f"{one[0]}{one[1]} of {one[2]}")
async def opened(
    request: pytest.FixtureRequest,
    browser: Browser,
    portal: Portal,
    sessions: dict[tuple[str, str], StorageState],
) -> AsyncIterator[Opened]:
    """Each page in turn."""
    slug, path, email = request.param
    common: dict[str, Any] = {"base_url": portal.url, "locale": "en-US", "timezone_id": "Asia/Tokyo"}
    if email and (slug, email) not in sessions:
        context = await browser.new_context(**common)
        await enter(await context.new_page(), portal, slug, email)
        sessions[slug, email] = await context.storage_state()
        await context.close()
    context = await browser.new_context(storage_state=sessions[slug, email] if email else None, **common)
    context.set_default_timeout(WITHIN_S * 1000)
    page, problems = await context.new_page(), list[str]()
    page.on("console", lambda message: problems.append(message.text))
    page.on("pageerror", lambda error: problems.append(str(error)))
    await page.goto(f"/{slug}{path}")
    await page.locator("main details").evaluate_all("all => all.forEach((one) => { one.open = true; })")
    name = re.sub(r"\W+", "-", f"{slug}-{email or 'nobody'}{path}").strip("-")
    yield Opened(name, page, problems)
    await context.close()


async def look(opened: Opened, width: int = 1280, **media: Any) -> Page:
    """The page in a window of another width, on another medium."""
    await opened.page.set_viewport_size({"width": width, "height": 800})
    await opened.page.emulate_media(**{"media": "screen", "color_scheme": "light", **media})
    return opened.page


async def test_it_is_the_page(opened: Opened) -> None:
    """It has one heading above all others, a title that begins with what it is, no empty box; nothing went wrong."""
    page = await look(opened)

    assert await page.locator("h1").count() == 1
    assert await page.title()
    assert await page.evaluate(EMPTY) == []
    expected = 1 if "no-such-page" in opened.name or "nosuchtoken" in opened.name else 0
    assert len(opened.problems) == expected, opened.problems


@pytest.mark.parametrize(("scheme", "rules"), [("light", RULES), ("dark", OF_COLOURS)], ids=["light", "dark"])
async def test_axe_finds_nothing(opened: Opened, scheme: str, rules: Any) -> None:
    """No rule of WCAG 2.2 AA that a machine can check is broken, by day and by night."""
    page = await look(opened, color_scheme=scheme)

    found = await Axe().run(page, options={"runOnly": rules, "resultTypes": ["violations"]})

    assert found.response["violations"] == []


async def test_nothing_has_to_be_scrolled_sideways(opened: Opened) -> None:
    """On 320 px and on a desktop, with text twice as large too, a page is as wide as its window."""
    for width in (320, 1280):
        page = await look(opened, width)
        assert await page.evaluate(OVERFLOW) == 0, width
        await page.evaluate("document.documentElement.style.fontSize = '200%'")
        overflow = await page.evaluate(OVERFLOW)
        await page.evaluate("document.documentElement.style.fontSize = ''")
        assert overflow == 0, f"{width} px, text at 200 %"


async def test_targets_are_large_enough(opened: Opened) -> None:
    """What stands alone to be pressed is at least 44 px high."""
    page = await look(opened, 320)

    assert await page.evaluate(SMALL) == []


async def test_focus_is_always_visible(opened: Opened) -> None:
    """Whatever the keyboard reaches has an outline, and lies in the window, above the bar at its foot."""
    # Without motion: what slides into sight is looked at where it ends.
    page = await look(opened, 320, reduced_motion="reduce")
    await page.evaluate("document.activeElement.blur(); scrollTo(0, 0)")
    seen = 0
    for _ in range(400):
        await page.keyboard.press("Tab")
        focus = await page.evaluate(FOCUS)
        if focus["on_page"]:
            break
        seen += 1
        assert focus["outlined"], focus["what"]
        assert focus["in_sight"], focus["what"]

    assert seen >= 2


async def test_it_prints_without_navigation(opened: Opened) -> None:
    """On paper there are no ways about the portal, and nothing sticks out."""
    page = await look(opened, media="print")

    await expect(page.locator(".rooms, .skip, .paging, .chips").locator("visible=true")).to_have_count(0)
    assert await page.evaluate(OVERFLOW) == 0


async def test_its_picture_is_kept(opened: Opened) -> None:
    """By day on a desktop, by night on a phone, on paper."""
    for name, width, media in (
        ("desktop", 1280, {}),
        ("phone-dark", 360, {"color_scheme": "dark"}),
        ("paper", 800, {"media": "print"}),
    ):
        page = await look(opened, width, **media)
        taken = await page.screenshot(path=PICTURES / f"{opened.name}-{name}.png", full_page=True)
        assert taken.startswith(b"\x89PNG")
