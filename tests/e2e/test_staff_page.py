"""The page of the staff surface in a real browser: its state, its buttons, and that everybody can use it."""

import os
import signal
from collections.abc import AsyncIterator, Awaitable, Callable
from functools import partial
from pathlib import Path
from typing import Literal

import httpx
import pytest
from axe_playwright_python.async_playwright import Axe
from playwright.async_api import Browser, BrowserContext, Page, expect

from local_stack.stack import Stack
from tests.e2e.test_every_page import OVERFLOW, RULES
from tests.harness.portal_installation import Installation, until
from tests.integration.harness.held_customer import Faulty, faulty

TOKEN = "t" * 32
WITHIN_MS = 60_000

Opening = Callable[..., Awaitable[Page]]


@pytest.fixture
async def staffed(
    stack: Stack, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[tuple[Installation, Faulty]]:
    """An installation with a customer that is held and a record that could not be read, and its staff surface."""
    settings = {"PORTAL_PARTITIONS": "4", "PORTAL_STAFF_TOKEN": f"eve:{TOKEN}"}
    async with Installation(stack.env, tmp_path, **settings) as one:
        await one.create_topics()
        wrong = await faulty(one, monkeypatch)
        one.start("staff")
        await until(partial(answers, f"http://127.0.0.1:{one.env['PORTAL_STAFF_PORT']}"), "the staff surface")
        yield one, wrong


async def answers(url: str) -> bool:
    """Whether the surface is there."""
    async with httpx.AsyncClient(trust_env=False) as client:
        try:
            return (await client.get(f"{url}/-/health/live")).status_code == 200
        except httpx.TransportError:
            return False


@pytest.fixture
async def opened(browser: Browser, staffed: tuple[Installation, Faulty]) -> AsyncIterator[Opening]:
    """Opens the surface in a browser of its own, signed in by keyboard alone."""
    contexts: list[BrowserContext] = []

    async def make(
        *,
        script: bool = True,
        width: int = 1280,
        scheme: Literal["light", "dark"] = "light",
        enter: bool = True,
    ) -> Page:
        context = await browser.new_context(
            base_url=f"http://127.0.0.1:{staffed[0].env['PORTAL_STAFF_PORT']}",
            java_script_enabled=script,
            viewport={"width": width, "height": 800},
            color_scheme=scheme,
        )
        context.set_default_timeout(WITHIN_MS)
        contexts.append(context)
        page = await context.new_page()
        await page.goto("/")
        if enter:
            await page.get_by_label("Your token").focus()
            await page.keyboard.type(TOKEN)
            await page.keyboard.press("Enter")
            await expect(page.get_by_role("heading", name="Lag")).to_be_visible(timeout=WITHIN_MS)
        return page

    yield make
    for context in contexts:
        await context.close()


async def test_what_is_wrong_is_first_and_its_buttons_mend_it(
    opened: Opening, staffed: tuple[Installation, Faulty]
) -> None:
    """Retry and discard, by keyboard; the reason, what became of it and the audit are there; then all is well."""
    _, wrong = staffed
    page = await opened()
    title = page.get_by_role("heading", level=1)
    await expect(title).to_have_text("1 event holds its customer")
    await page.get_by_role("button", name=f"Retry {wrong.held}").focus()
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text(f"{wrong.held}: retried")
    await expect(title).to_have_text("1 record could not be read")
    discard = page.locator(f"#discard-{wrong.unreadable} > summary")
    await discard.focus()
    await page.keyboard.press("Enter")
    await page.get_by_label(f"Why {wrong.unreadable} is never to be applied").fill("sent by a test")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("status").first).to_contain_text(f"{wrong.unreadable}: discarded")
    await expect(page.get_by_text("None: every record was read and applied.")).to_be_visible()
    await expect(page.get_by_text(f"dead_letter.discard {wrong.unreadable}")).to_be_visible()
    await expect(page.get_by_text("staff:eve: sent by a test")).to_be_visible()
    await page.get_by_role("button", name="Sign out").click()
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()
    await page.goto("/")
    await expect(page.get_by_role("heading", name="Sign in")).to_be_visible()


async def test_the_page_renews_itself(opened: Opening, staffed: tuple[Installation, Faulty]) -> None:
    """A worker that starts and one that freezes are seen without a hand; what somebody types stays."""
    one, wrong = staffed
    page = await opened()
    await expect(page.get_by_text("None says that it runs.")).to_be_visible()
    await page.locator(f"#discard-{wrong.unreadable} > summary").click()
    reason = page.get_by_label(f"Why {wrong.unreadable} is never to be applied")
    await reason.fill("half a reas")
    project = one.start("project")
    running = page.locator("section", has=page.get_by_role("heading", name="Processes"))
    await expect(running.get_by_text("portal project")).to_be_visible(timeout=WITHIN_MS)
    await expect(running).to_contain_text("Lanes 0", timeout=WITHIN_MS)
    assert await reason.input_value() == "half a reas"
    os.killpg(project.pid, signal.SIGSTOP)
    await expect(running).to_contain_text("silent", timeout=WITHIN_MS)
    await page.get_by_role("link", name="Have it stand still").click()
    await expect(page.get_by_role("link", name="Renew it by itself")).to_be_visible()


async def test_it_works_without_javascript(opened: Opening, staffed: tuple[Installation, Faulty]) -> None:
    """It asks the browser to load it again, and its buttons are forms."""
    _, wrong = staffed
    page = await opened(script=False)
    assert await page.locator("noscript").count() == 1
    refresh = await page.locator("meta[http-equiv=refresh]").get_attribute("content")
    assert refresh == "10;url=/"
    await page.goto("/?still=1")
    assert await page.locator("meta[http-equiv=refresh]").count() == 0
    await page.get_by_role("button", name=f"Retry {wrong.held}").click()
    await expect(page.get_by_role("status").first).to_contain_text("retried")
    await page.get_by_role("link", name=wrong.unreadable).click()
    await expect(page.get_by_text("neither a structured nor a binary CloudEvent")).to_be_visible()


@pytest.mark.parametrize("scheme", ["light", "dark"])
async def test_axe_finds_nothing_and_nothing_is_scrolled_sideways(
    opened: Opening, staffed: tuple[Installation, Faulty], scheme: Literal["light", "dark"]
) -> None:
    """Signed out, on the page with all that is wrong, and on a dead letter; at 320 px, with text twice as large."""
    _, wrong = staffed
    page = await opened(width=320, scheme=scheme, enter=False)
    await page.get_by_label("Your token").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page.get_by_role("alert")).to_contain_text("That is no operator")
    await sound(page)
    page = await opened(width=320, scheme=scheme)
    for path in ("/?still=1", f"/dead-letters/{wrong.held}"):
        await page.goto(path)
        await sound(page)


async def sound(page: Page) -> None:
    """No rule that a machine can check is broken, and the page is as wide as its window."""
    found = await Axe().run(page, options={"runOnly": RULES})
    assert found.response["violations"] == []
    assert await page.evaluate(OVERFLOW) == 0
    await page.evaluate("document.documentElement.style.fontSize = '200%'")
    assert await page.evaluate(OVERFLOW) == 0


async def test_who_is_wrong_is_told_no_more(opened: Opening) -> None:
    """The field says so, and keeps nothing."""
    page = await opened(enter=False)
    await page.get_by_label("Your token").fill("wrong")
    await page.keyboard.press("Enter")
    await expect(page).to_have_title("Error: Sign in – Staff")
    assert await page.get_by_label("Your token").input_value() == ""
