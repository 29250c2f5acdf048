"""Markup in every text field of every type of event is a text wherever it is shown: pages, mails, calendars, tables."""

import csv
import io
import re
from collections.abc import AsyncIterator, Sequence
from html.parser import HTMLParser

import icalendar
import pytest
from playwright.async_api import async_playwright

from local_stack.stack import Stack
from tests.harness.portal_installation import Installations
from tests.integration.harness.customer_surface import Browser
from tests.integration.security.random_requests import KINDS, Route, routes_of
from tests.integration.security.two_tenants import PEOPLE, Answer, TwoTenants, ask, cookie

MARKUP = (
    "=1+1|cmd\"'></title></script></style></textarea>"
    "<script>window.ran=1</script><img src=x onerror=window.ran=2><svg onload=window.ran=3>"
    "<a href=javascript:window.ran=4>x</a>{{ 7 * 191 }}\r\nX-Ran: 5\r\nEND:VEVENT"
)
"""What runs, breaks out, or begins a line wherever a text is taken for something else."""

ESCAPED = b"&lt;img src=x onerror=window.ran=2&gt;"
PERSON = PEOPLE[0]
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?")


@pytest.fixture
async def world(stack: Stack) -> AsyncIterator[TwoTenants]:
    async with TwoTenants(stack.env) as one:
        await one.happen(lambda *_: MARKUP)
        yield one


class Seen(HTMLParser):
    """What a page is made of, as far as it could run."""

    def __init__(self, page: str) -> None:
        super().__init__()
        self.dangers: list[str] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: Sequence[tuple[str, str | None]]) -> None:
        given = dict(attrs)
        inline = tag == "script" and not (given.get("src") or "").startswith("/-/")
        if inline or "style" in given or given.get("src") == "x":
            self.dangers.append(tag)
        for name, value in given.items():
            if name.startswith("on") or (value or "").strip().lower().startswith(("javascript:", "data:")):
                self.dangers.append(f"{tag} {name}")


def paths_of(route: Route, feed: str) -> list[str]:
    """Addresses of a route: of every kind of record, those that the customer has."""
    ids = PERSON.ids
    values = {f"{name}_id": [ids.of(kind, number) for number in range(1, 7)] for name, kind in KINDS.items()}
    numbers = (
        range(6) if any(not isinstance(part, str) and part.name in values for part in route.parts) else [0]
    )
    paths = []
    for number in numbers:
        parts = []
        for part in route.parts:
            if isinstance(part, str):
                parts.append(part)
            elif part.name == "slug":
                parts.append(PERSON.slug)
            elif part.name in values:
                parts.append(values[part.name][number])
            else:
                parts.append(feed)
        paths.append("/" + "/".join(parts))
    return list(dict.fromkeys(paths))


async def everything(world: TwoTenants) -> AsyncIterator[tuple[str, Answer]]:
    """What every address that can be looked at answers to the customer, and to a stranger."""
    token, feed = await world.token(PERSON), await world.feed(PERSON)
    headers = [(b"host", b"portal.test")]
    signed_in = [*headers, (b"cookie", cookie(PERSON.slug, token).encode())]
    for route in routes_of(world.app):
        if route.method == "GET" and "/openapi" not in route.path:
            for path in paths_of(route, feed):
                for sent in (signed_in, headers):
                    yield path, await ask(world.app, "GET", path.encode(), b"", sent)


def content_type(answer: Answer) -> str:
    """Without parameters."""
    found = next((value for name, value in answer.headers if name.lower() == b"content-type"), b"")
    return found.decode().partition(";")[0]


async def test_no_page_calendar_or_header_takes_a_text_for_anything_else(world: TwoTenants) -> None:
    """All that there is to look at, signed in and not."""
    shown: set[str] = set()
    async for path, answer in everything(world):
        assert answer.status < 500 or answer.status == 503, path
        assert not any(b"x-ran" in name.lower() or b"window." in value for name, value in answer.headers)
        kind = content_type(answer)
        if kind == "text/html":
            assert Seen(answer.body.decode()).dangers == [], path
            assert b"1337" not in answer.body, path
        elif kind == "text/calendar":
            calendar = icalendar.Calendar.from_ical(answer.body)
            assert len(re.findall(rb"^END:VEVENT", answer.body, re.MULTILINE)) == len(calendar.events)
            assert not re.search(rb"^X-Ran", answer.body, re.MULTILINE), path
        else:
            # Whatever a browser could take for a page is not to be one.
            assert kind not in ("application/xhtml+xml", "image/svg+xml", "text/xml"), path
        assert (b"x-content-type-options", b"nosniff") in answer.headers
        if ESCAPED in answer.body or b"onerror" in answer.body:
            shown.add(kind)

    assert {"text/html", "application/json", "text/calendar"} <= shown


async def test_no_cell_of_the_table_is_a_formula(world: TwoTenants) -> None:
    """OWASP, CSV Injection."""
    headers = [(b"host", b"portal.test"), (b"cookie", cookie("blue", await world.token(PERSON)).encode())]
    answer = await ask(world.app, "GET", b"/blue/api/export", b"format=csv", headers)
    rows = list(csv.reader(io.StringIO(answer.body.decode("utf-8-sig"), newline="")))

    assert len({len(row) for row in rows}) == 1
    cells = [cell for row in rows for cell in row]
    assert any("window.ran" in cell for cell in cells)
    assert [cell for cell in cells if cell[:1] in "=+-@\t\r" and cell and not NUMBER.fullmatch(cell)] == []


async def test_a_mail_shows_it_as_a_text(world: TwoTenants) -> None:
    """And no header begins in it."""
    await Browser(world.app).ask(PERSON.email)
    (mail,) = await world.mails(PERSON.email)

    assert ESCAPED.decode() in mail.html.replace("&#34;", '"')
    tags = Seen(mail.html)
    assert [danger for danger in tags.dangers if danger not in STYLED] == []
    assert not any(name.lower().startswith("x-ran") for name in mail.headers)
    assert "1337" not in mail.html + mail.text


STYLED = ("body", "div", "p", "a", "img")
"""Mails are styled inline, as mail programs want it."""


async def test_nothing_of_it_runs_in_a_browser(
    world: TwoTenants, installation: Installations, chromium: str
) -> None:
    """With the Content-Security-Policy switched off: that nothing runs is not its merit alone."""
    one = await installation(
        PORTAL_MONGO_DATABASE=world.config.mongo_database,
        PORTAL_SECRET_KEY=world.config.secret_keys[0],
    )
    one.start("serve")
    await one.answers("/-/health/ready")
    url, token, feed = one.env["PORTAL_PUBLIC_URL"], await world.token(PERSON), await world.feed(PERSON)
    pages = [
        path
        for route in routes_of(world.app)
        if route.method == "GET" and not re.search(r"/api/|/media/|/-/|/calendar/", route.path)
        for path in paths_of(route, feed)
    ]
    name, _, value = cookie(PERSON.slug, token).partition("=")
    noticed: list[str] = []
    strays: list[str] = []
    async with async_playwright() as playwright:
        browser = await playwright.chromium.launch(
            executable_path=chromium, args=["--no-sandbox", "--disable-background-networking"]
        )
        context = await browser.new_context(bypass_csp=True)
        await context.add_cookies(
            [
                {
                    "name": name,
                    "value": value,
                    "url": url.replace("http:", "https:"),
                    "secure": True,
                    "httpOnly": True,
                    "sameSite": "Lax",
                }
            ]
        )
        page = await context.new_page()
        page.on("dialog", lambda dialog: noticed.append(dialog.message))
        page.on("request", lambda asked: strays.append(asked.url))
        seen = 0
        for path in pages:
            await page.goto(url + path, wait_until="load", timeout=60_000)
            assert await page.evaluate("window.ran") is None, path
            seen += "window.ran=2" in await page.inner_text("body")
        assert noticed == []
        assert [address for address in strays if not address.startswith(url)] == []
        assert seen
        await browser.close()
