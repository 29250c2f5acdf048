"""Home and error pages: what they say to whom."""

import io
import re
from datetime import datetime

import pytest
from PIL import Image

from query_api.pages.render import initials
from query_api.sign_in.errors import Account
from tests.unit.pages.in_memory_portal import CODE, CUSTOMER, EMPTY, Portal


def visit(name: str, start: str, end: str, **more: object) -> dict[str, object]:
    return {
        "id": name,
        "status": "scheduled",
        "service": "Pool cleaning",
        "window": {"start": start, "end": end},
        "timezone": "America/Phoenix",
        "technician": "Sam Ortiz",
        "contract_id": None,
        "subscription_id": None,
        **more,
    }


async def home(*, as_of: str = "2026-11-24T18:00:10.000Z", **changes: object) -> str:
    """Home with a dashboard that differs from a new customer's in `changes`, spaces made plain."""
    portal = Portal(dashboard=EMPTY | changes, as_of=datetime.fromisoformat(as_of))
    async with portal.browser(signed_in=True) as browser:
        answer = await browser.get("/clearwater/")
    assert answer.status_code == 200
    return " ".join(answer.text.split())


async def test_a_new_customer_reads_what_will_appear() -> None:
    """Each part of an empty home says what will be there."""
    text = await home()

    assert "Hello, Maria Gonzalez" in text
    assert text.count('class="empty"') == 6
    assert "overdue" not in text


@pytest.mark.parametrize(
    ("as_of", "said", "behind"),
    [
        ("2026-11-24T18:00:20.000Z", "Updated just now", False),
        ("2026-11-24T17:59:20.000Z", "Updated 1 min ago", False),
        ("2026-11-24T17:59:19.000Z", "Updated 1 min ago", True),
        ("2026-11-24T17:48:20.000Z", "Updated 12 min ago", True),
        ("2026-11-23T17:48:20.000Z", "Updated Monday, November 23, 10:48 AM", True),
    ],
)
async def test_home_says_how_fresh_it_is(as_of: str, said: str, behind: bool) -> None:
    """Home says as of when it is; older than 60 s it says that it is behind."""
    text = await home(as_of=as_of)

    assert said in text
    assert ("This page is behind" in text) is behind


async def test_a_visit_elsewhere_names_its_zone() -> None:
    """A visit is told in its own zone, named where that is not the business's; its day is the day there."""
    here = visit("vis_1", "2026-11-25T16:00:00.000Z", "2026-11-25T18:00:00.000Z")
    there = visit(
        "vis_2", "2026-12-02T04:00:00.000Z", "2026-12-02T06:00:00.000Z", timezone="Pacific/Auckland"
    )
    text = await home(upcoming=[here, there], upcoming_count=2)

    assert "9:00 – 11:00 AM" in text
    assert "Mountain Standard Time" not in text
    assert "Wednesday, December 2" in text
    assert "5:00 – 7:00 PM" in text
    assert "New Zealand Daylight Time" in text


async def test_more_than_is_shown_is_counted() -> None:
    """Where only the first of many are shown, the whole number is said."""
    visits = [
        visit(f"vis_{day}", f"2026-12-{day:02}T16:00:00.000Z", f"2026-12-{day:02}T18:00:00.000Z")
        for day in range(1, 11)
    ]
    text = await home(upcoming=visits, upcoming_count=14)

    assert "13 more appointments" in text
    assert "The 10 soonest are shown." in text


async def test_text_of_events_is_escaped() -> None:
    """Markup in what others wrote is text."""
    evil = "<script>alert(1)</script>\"'"
    item = visit(
        "vis_1", "2026-11-25T16:00:00.000Z", "2026-11-25T18:00:00.000Z", service=evil, technician=evil
    )
    text = await home(upcoming=[item], upcoming_count=1, customer=EMPTY["customer"] | {"name": evil})

    assert "<script>" not in text
    assert text.count("&lt;script&gt;") == 3


async def test_the_customers_language_decides() -> None:
    """Signed in, the customer's locale decides over the browser's; its region forms the numbers."""
    customer = CUSTOMER | {"locale": "es-MX"}
    async with Portal(customer=customer).browser(signed_in=True, language="en-GB") as browser:
        text = (await browser.get("/clearwater/")).text

    assert '<html lang="es-MX">' in text
    assert "Hola, Maria Gonzalez" in text


@pytest.mark.parametrize(
    ("language", "expected"),
    [("es", "es"), ("de-DE,es;q=0.5", "es"), ("de-DE", "en-US"), ("en-GB", "en-GB"), ("", "en-US")],
)
async def test_signed_out_the_browsers_language_decides(language: str, expected: str) -> None:
    """Signed out, the browser's first language that we have decides, else the business's."""
    async with Portal().browser(language=language) as browser:
        text = (await browser.get("/clearwater/sign-in")).text

    assert f'<html lang="{expected}">' in text


@pytest.mark.parametrize("path", ["/clearwater/no/such/page", "/clearwater/media/logo"])
async def test_not_found_is_in_the_name_of_the_business(path: str) -> None:
    """What is not there says so under the business's name, with its contact."""
    async with Portal().browser() as browser:
        answer = await browser.get(path)

    assert (answer.status_code, answer.headers["Content-Type"]) == (404, "text/html; charset=utf-8")
    assert "Page not found" in answer.text
    assert "help@clearwater.test" in answer.text


async def test_an_unknown_business_is_nobodys_page() -> None:
    """Below the slug of no business nothing is there, and nobody's name on it, in the browser's language."""
    async with Portal().browser(language="es") as browser:
        answer = await browser.get("/other/sign-in")

    assert answer.status_code == 404
    assert "Página no encontrada" in answer.text
    assert "Clearwater" not in answer.text


async def test_a_failure_is_answered_whatever_fails() -> None:
    """A store that does not answer ends in a page that says so, under the business's name."""
    portal = Portal()
    portal.reads.down = True
    async with portal.browser(signed_in=True) as browser:
        answer = await browser.get("/clearwater/")

    assert answer.status_code == 500
    assert "Sorry, there is a problem" in answer.text
    assert "help@clearwater.test" in answer.text


async def test_pages_hold_nothing_inline() -> None:
    """No page needs what the Content Security Policy forbids."""
    async with Portal().browser(signed_in=True) as browser:
        text = (await browser.get("/clearwater/")).text

    assert re.findall(r"<script[^>]*>(.*?)</script>", text) == ["", ""]
    assert re.findall(r'<script src="/-/assets/(\w+)\.[0-9a-f]{12}\.js" defer>', text) == ["live", "photos"]
    assert "<style" not in text
    assert " style=" not in text
    assert not re.search(r" on[a-z]+=", text)


@pytest.mark.parametrize(
    ("name", "expected"),
    [("Clearwater Pools", "CP"), ("ångström", "Å"), ("A b c", "AB"), ("Pool & 3 Sons", "P3"), ("", "")],
)
def test_initials_stand_in_for_a_logo(name: str, expected: str) -> None:
    """The first letters of the first two words."""
    assert initials(name) == expected


async def test_a_portal_can_be_installed() -> None:
    """Its manifest has the business's name and an icon that is there; no session is needed."""
    async with Portal().browser() as browser:
        page = (await browser.get("/clearwater/sign-in")).text
        manifest = (await browser.get("/clearwater/manifest.webmanifest")).json()
        icon = await browser.get(manifest["icons"][0]["src"])

    assert '<link rel="manifest" href="/clearwater/manifest.webmanifest">' in page
    assert (manifest["name"], manifest["start_url"]) == ("Clearwater Pools", "/clearwater/")
    assert (manifest["theme_color"], manifest["display"]) == ("#0f6e84", "standalone")
    assert icon.headers["Content-Type"] == "image/png"
    with Image.open(io.BytesIO(icon.content)) as drawn:
        colours = {colour for _, colour in drawn.convert("RGB").getcolors(1 << 20) or ()}
        assert (drawn.size, drawn.getpixel((4, 4))) == ((512, 512), (0x0F, 0x6E, 0x84))
    assert (255, 255, 255) in colours


async def test_the_switcher_names_customers_by_name_and_first_address_line() -> None:
    """Where an address belongs to several customers, every page names the present one, and leads to the others."""
    accounts: list[Account] = [
        {"id": "cus_1", "name": "Maria Gonzalez", "address": "12 Palm Way"},
        {"id": "cus_2", "name": "Gonzalez Rentals", "address": "3 Desert Road"},
    ]
    async with Portal(accounts=accounts).browser(signed_in=True) as browser:
        text = " ".join((await browser.get("/clearwater/")).text.split())

    assert "<span>Maria Gonzalez</span></summary>" in text
    assert '<button name="customer_id" value="cus_2"><strong>Gonzalez Rentals</strong>' in text
    assert "3 Desert Road" in text


async def test_of_many_customers_the_account_page_offers_the_choice() -> None:
    """Every page only leads there; the choice is by name, as ids say nothing to people."""
    accounts: list[Account] = [
        {"id": f"cus_{number}", "name": f"House {99 - number}", "address": None} for number in range(11)
    ]
    async with Portal(accounts=accounts).browser(signed_in=True) as browser:
        page = await browser.get("/clearwater/visits")

    assert 'href="/clearwater/account#switch"' in page.text
    assert "House" not in page.text
    async with Portal(accounts=accounts).browser() as browser:
        choice = await browser.post("/clearwater/sign-in", data={"email": "a@b.test", "code": CODE})
    assert re.findall(r"House \d+", choice.text) == [f"House {number}" for number in range(89, 100)]


async def test_appointments_lie_where_the_api_has_them() -> None:
    """And not where a visit may: `ahead` is an id like any other."""
    async with Portal().browser(signed_in=True) as browser:
        answers = [await browser.get(f"/clearwater/{path}") for path in ("appointments", "visits/ahead")]

    assert [answer.status_code for answer in answers] == [200, 404]


async def test_who_is_one_customer_sees_no_switcher() -> None:
    """There is nothing to switch to."""
    assert "switcher" not in await home()


@pytest.mark.parametrize(
    ("own", "asked", "language"),
    [
        (None, "es-MX,en;q=0.5", "es-MX"),
        (None, "en-GB", "en-US"),
        (None, "fr", "en-US"),
        ("es-US", "en-GB", "es-US"),
    ],
)
async def test_who_has_no_locale_reads_what_the_browser_asks_for(
    own: str | None, asked: str, language: str
) -> None:
    """Texts in the customer's language, else the browser's; days and money as at the customer's, else the business."""
    portal = Portal(customer=CUSTOMER | {"locale": own})
    async with portal.browser(signed_in=True, language=asked) as browser:
        text = (await browser.get("/clearwater/")).text

    assert f'<html lang="{language}">' in text
