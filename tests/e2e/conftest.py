"""A portal with customers, served by its own commands, and browsers to look at it with."""

import asyncio
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AbstractAsyncContextManager, asynccontextmanager
from datetime import timedelta
from typing import Any, Literal, NamedTuple

import httpx
import pytest
from playwright.async_api import Browser, BrowserContext, Page, Route, StorageState, async_playwright, expect
from pymongo import AsyncMongoClient

from local_stack.stack import Stack
from tests.e2e import sample_businesses
from tests.harness.portal_installation import Installation, until
from tests.integration.harness.live_worker import level

WITHIN_S = 30.0
A_MINUTE = timedelta(minutes=1)
"""From then on a page says that it is behind."""


class Mail(NamedTuple):
    """A mail as its reader sees it."""

    subject: str
    text: str

    @property
    def code(self) -> str:
        """The first six digits in a row: those of the code (docs/contracts/api.md)."""
        found = re.search(r"\b[0-9]{6}\b", self.text)
        assert found, self.text
        return found[0]

    @property
    def link(self) -> str:
        """The first link: the one that signs in (docs/contracts/api.md)."""
        found = re.search(r"https?://\S+", self.text)
        assert found, self.text
        return found[0]


class Mailbox:
    """The mailbox all mails go to, through Mailpit's HTTP API."""

    def __init__(self, client: httpx.AsyncClient) -> None:
        self._client = client

    async def to(self, email: str, number: int = 1) -> Mail:
        """The latest mail to an address, once there are `number` of them."""
        found: list[dict[str, str]] = []

        def there() -> bool:
            answer = httpx.get(
                f"{self._client.base_url}/api/v1/search", params={"query": f"to:{email}"}, trust_env=False
            )
            found[:] = answer.json()["messages"]
            return len(found) >= number

        await until(there, f"{number} mails to {email}", WITHIN_S)
        message = (await self._client.get(f"/api/v1/message/{found[0]['ID']}")).json()
        return Mail(message["Subject"], message["Text"])

    async def count(self, email: str) -> int:
        """How many mails an address has had."""
        answer = await self._client.get("/api/v1/search", params={"query": f"to:{email}"})
        return len(answer.json()["messages"])


class Portal(NamedTuple):
    """A portal that runs."""

    url: str
    post: Mailbox
    stripe: str
    """The address of the stand-in for Stripe."""
    publish: Callable[[sample_businesses.EventLog], Awaitable[None]]
    """Has more happen, and returns when the views hold it."""
    paused: Callable[[], AbstractAsyncContextManager[None]]
    """For as long as nobody brings the views up to date: it is as if nobody had for a minute already."""


Browsing = Callable[..., Awaitable[Page]]
"""Opens a page of a browser of its own: nothing is shared with others but the portal."""


@pytest.fixture(scope="package")
async def portal(stack: Stack, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[Portal]:
    """Both businesses, projected and served. Limits are high: all tests come from one network."""
    settings = {
        "PORTAL_PARTITIONS": "4",
        "PORTAL_LIMIT_MAILS_PER_ADDRESS": "100",
        "PORTAL_LIMIT_MAILS_PER_NETWORK": "1000",
    }
    folder = tmp_path_factory.mktemp("e2e")
    async with Installation(stack.env, folder, **settings) as one:
        sample_businesses.log().write(folder / "log.jsonl")
        for business in ("biz_c", "biz_l", "biz_n"):
            for key, content in sample_businesses.FILES.items():
                file = one.folder / "media" / business / key
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_bytes(content)
        await one.create_topics()
        published = await one.publish(folder / "log.jsonl")
        projectors = [one.start("project")]
        one.start("serve")
        await level(one, published, 8 * WITHIN_S)
        await one.answers("/-/health/ready")
        async with httpx.AsyncClient(base_url=one.env["LOCAL_MAIL_API"], trust_env=False) as client:

            async def publish(log: sample_businesses.EventLog) -> None:
                nonlocal published
                await asyncio.to_thread(log.write, folder / "more.jsonl")
                published += await one.publish(folder / "more.jsonl")
                await level(one, published, 8 * WITHIN_S)

            @asynccontextmanager
            async def paused() -> AsyncIterator[None]:
                await projectors.pop().stop()
                await age(one, A_MINUTE)
                try:
                    yield
                finally:
                    projectors.append(one.start("project"))

            stripe = one.env["LOCAL_STRIPE_CONTROL"]
            yield Portal(one.env["PORTAL_PUBLIC_URL"], Mailbox(client), stripe, publish, paused)


async def age(one: Installation, by: timedelta) -> None:
    """Moves the moment up to which every lane was read into the past."""
    async with AsyncMongoClient[dict[str, Any]](one.env["PORTAL_MONGO_URL"]) as client:
        checkpoints = client[one.env["PORTAL_MONGO_DATABASE"]]["checkpoints"]
        past = {"$subtract": ["$level_at", by // timedelta(milliseconds=1)]}
        await checkpoints.update_many({}, [{"$set": {"level_at": past}}])


@pytest.fixture(scope="package")
async def browser(chromium: str) -> AsyncIterator[Browser]:
    """The browser, without what it would do on its own."""
    expect.set_options(timeout=WITHIN_S * 1000)
    async with async_playwright() as playwright:
        one = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        yield one
        await one.close()


@pytest.fixture
async def browse(browser: Browser, portal: Portal) -> AsyncIterator[Browsing]:
    """Opens pages that reach the portal and nobody else, but where one pays: the test fails when one tries to."""
    contexts: list[BrowserContext] = []
    strays: list[str] = []

    async def guard(route: Route) -> None:
        if route.request.url.startswith((portal.url, f"{portal.stripe}/pay/")):
            await route.continue_()
        else:
            strays.append(route.request.url)
            await route.abort()

    async def make(
        *,
        script: bool = True,
        width: int = 1280,
        locale: str = "en-US",
        scheme: Literal["light", "dark"] = "light",
        zone: str = "Asia/Tokyo",
        cookies: StorageState | None = None,
    ) -> Page:
        context = await browser.new_context(
            base_url=portal.url,
            java_script_enabled=script,
            viewport={"width": width, "height": 800},
            locale=locale,
            timezone_id=zone,
            color_scheme=scheme,
            storage_state=cookies,
        )
        context.set_default_timeout(WITHIN_S * 1000)
        contexts.append(context)
        await context.route("**/*", guard)
        return await context.new_page()

    yield make
    for context in contexts:
        await context.close()
    assert strays == []


async def enter(page: Page, portal: Portal, slug: str, email: str) -> None:
    """Signs in by code."""
    before = await portal.post.count(email)
    await page.goto(f"/{slug}/sign-in")
    await page.locator("#email").fill(email)
    await page.locator("main .button").click()
    await expect(page.locator("#code")).to_be_visible()
    await page.locator("#code").fill((await portal.post.to(email, before + 1)).code)
    await page.locator("main .button").click()
    await expect(page).to_have_url(re.compile(f"/{slug}/$"))
