"""Signing in and out by forms."""

import re
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from litestar.routes import HTTPRoute

from query_api.pages.render import Viewer, error_page
from query_api.pages.sign_in_forms import masked
from query_api.services import services_in
from tests.unit.pages.in_memory_portal import CODE, LINK, SESSION, Portal

ACCOUNTS = [
    {"id": "cus_1", "name": "Maria Gonzalez", "address": "12 Palm Way"},
    {"id": "cus_2", "name": "Gonzalez Rentals", "address": None},
]


async def test_signed_out_home_leads_to_the_sign_in() -> None:
    """Who is not signed in is led to the sign-in."""
    async with Portal().browser() as browser:
        answer = await browser.get("/clearwater/")

    assert (answer.status_code, answer.headers["Location"]) == (303, "/clearwater/sign-in")


@pytest.mark.parametrize(
    ("path", "page"),
    [
        ("invoices/i1/checkout", "/clearwater/invoices/i1"),
        ("account/switch", "/clearwater/account"),
        ("account/devices/ses_1/sign-out", "/clearwater/account"),
        ("account/language", "/clearwater/account"),
    ],
)
async def test_a_form_sent_signed_out_leads_back_to_its_page(path: str, page: str) -> None:
    """What was sent has no page of its own to come back to."""
    async with Portal().browser() as browser:
        answer = await browser.post(f"/clearwater/{path}", data={"amount": "12"})

    led = urlsplit(answer.headers["Location"])
    assert (answer.status_code, led.path, parse_qs(led.query)) == (
        303,
        "/clearwater/sign-in",
        {"next": [page]},
    )


async def test_whatever_is_sent_signed_out_leads_back_to_a_page() -> None:
    portal = Portal()
    routes = [one for one in portal.app.routes if isinstance(one, HTTPRoute) and "POST" in one.methods]
    led = []
    async with portal.browser() as browser, portal.browser(signed_in=True) as known:
        for route in routes:
            path = re.sub(r"\{[^}]+\}", "x1", route.path_format.replace("{slug}", "clearwater"))
            location = urlsplit((await browser.post(path)).headers.get("Location", ""))
            for wanted in parse_qs(location.query).get("next", []):
                led.append(path)
                assert (await known.get(wanted)).status_code != 405, path

    assert "/clearwater/invoices/x1/checkout" in led


async def test_a_wrong_code_is_challenged() -> None:
    """As every 401 (RFC 9110, 15.5.2), error pages among them."""
    async with Portal().browser() as browser:
        form = {"email": "maria@mail.test", "code": "000000"}
        wrong = await browser.post("/clearwater/sign-in", data=form)
    errors = [error_page(status, None, Viewer("", None, datetime.now(UTC))) for status in (401, 404)]

    assert (wrong.status_code, wrong.headers["WWW-Authenticate"]) == (401, "Cookie")
    assert [error.headers.get("WWW-Authenticate") for error in errors] == ["Cookie", None]


async def test_signed_in_the_sign_in_leads_on() -> None:
    """Who is signed in already is led on to where they wanted to go."""
    async with Portal().browser(signed_in=True) as browser:
        answer = await browser.get("/clearwater/sign-in", params={"next": "/clearwater/visits/vis_1?a=1"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/clearwater/visits/vis_1?a=1")


async def test_a_known_and_an_unknown_address_get_the_same_page() -> None:
    """The page after the address differs in the address alone."""
    async with Portal().browser() as browser:
        pages = [
            (await browser.post("/clearwater/sign-in", data={"email": email})).text.replace(email, "")
            for email in ("maria@mail.test", "nobody@mail.test")
        ]

    assert pages[0] == pages[1]
    assert 'inputmode="numeric"' in pages[0]
    assert 'autocomplete="one-time-code"' in pages[0]


async def test_asking_binds_the_browser() -> None:
    """Asking for a code sets the cookie that binds the code to this browser."""
    portal = Portal()
    async with portal.browser() as browser:
        answer = await browser.post("/clearwater/sign-in", data={"email": " maria@mail.test "})

    assert portal.sign_in.asked == ["maria@mail.test"]
    assert "__Host-sign-in-clearwater" in answer.cookies


@pytest.mark.parametrize("typed", [CODE, " 123 456 ", "123-456", "12 34 56", "123\u2013456"])
async def test_a_code_is_taken_as_it_is_typed(typed: str) -> None:
    """Spaces and dashes in a code do not matter; it signs in and leads on."""
    form = {"email": "maria@mail.test", "code": typed, "next": "/clearwater/visits"}
    async with Portal().browser() as browser:
        answer = await browser.post("/clearwater/sign-in", data=form)

    assert (answer.status_code, answer.headers["Location"]) == (303, "/clearwater/visits")
    cookie = answer.headers["Set-Cookie"]
    assert cookie.startswith(f"__Host-portal-clearwater={SESSION};")
    assert all(word in cookie for word in ("HttpOnly", "Secure", "Path=/", "SameSite=lax"))


@pytest.mark.parametrize(
    ("form", "status", "said"),
    [
        ({"email": ""}, 422, "Enter your e-mail address"),
        ({}, 422, "Enter your e-mail address"),
        ({"email": "maria"}, 422, "Enter an e-mail address like name@example.com"),
        ({"email": "a@b.test", "code": ""}, 422, "Enter the code from the mail"),
        ({"email": "a@b.test", "code": "12345"}, 422, "Enter a code of 6 digits"),
        ({"email": "a@b.test", "code": "١٢٣٤٥٦"}, 422, "Enter a code of 6 digits"),
        ({"email": "a@b.test", "code": "000000"}, 401, "This code is wrong, used or too old"),
    ],
)
async def test_what_is_wrong_is_said(form: dict[str, str], status: int, said: str) -> None:
    """What is wrong is in the title, on top and at its field, and what was typed is kept."""
    async with Portal().browser() as browser:
        answer = await browser.post("/clearwater/sign-in", data=form)

    assert answer.status_code == status
    assert answer.text.count(said) == 2
    assert "<title>Error: " in answer.text
    assert all(f'value="{value}"' in answer.text for value in form.values())


@pytest.mark.parametrize("form", [{"email": "a@b.test"}, {"email": "a@b.test", "code": CODE}])
async def test_too_many_tries_are_told_to_wait(form: dict[str, str]) -> None:
    """Beyond the limits the page says for how long, to people and to programs."""
    portal = Portal()
    portal.sign_in.limited = True
    async with portal.browser() as browser:
        answer = await browser.post("/clearwater/sign-in", data=form)

    assert (answer.status_code, answer.headers["Retry-After"]) == (429, "90")
    assert "Too many tries. Wait 2 minutes, then try again" in answer.text


async def test_several_accounts_are_offered() -> None:
    """A right code that fits several customers asks which, and the choice goes with the code."""
    async with Portal(accounts=ACCOUNTS).browser() as browser:  # type: ignore[arg-type]
        form = {"email": "maria@mail.test", "code": "123 456", "next": "/clearwater/visits"}
        question = await browser.post("/clearwater/sign-in", data=form)
        answer = await browser.post("/clearwater/sign-in", data=form | {"customer_id": "cus_2"})

    assert question.status_code == 409
    assert all(text in question.text for text in ("Gonzalez Rentals", "12 Palm Way", f'value="{CODE}"'))
    assert (answer.status_code, answer.headers["Location"]) == (303, "/clearwater/visits")


async def test_a_link_shows_whom_it_signs_in() -> None:
    """The page of a link names the business and the masked address, and has one form."""
    async with Portal().browser() as browser:
        answer = await browser.get(f"/clearwater/sign-in/{LINK}")

    assert answer.status_code == 200
    assert "m•••@mail.test" in answer.text
    assert "maria@mail.test" not in answer.text
    assert answer.text.count("<form") == 1
    assert "Set-Cookie" not in answer.headers


async def test_a_link_signs_in_when_its_button_is_pressed() -> None:
    """The button signs in; where the address has several accounts it asks first."""
    async with Portal().browser() as browser:
        answer = await browser.post(f"/clearwater/sign-in/{LINK}")
    async with Portal(accounts=ACCOUNTS).browser() as browser:  # type: ignore[arg-type]
        question = await browser.post(f"/clearwater/sign-in/{LINK}")
        chosen = await browser.post(f"/clearwater/sign-in/{LINK}", data={"customer_id": "cus_2"})

    assert (answer.status_code, answer.headers["Location"]) == (303, "/clearwater/")
    assert question.status_code == 409
    assert f'action="/clearwater/sign-in/{LINK}"' in question.text
    assert chosen.status_code == 303


@pytest.mark.parametrize("method", ["GET", "POST"])
async def test_a_link_that_is_over_says_so(method: str) -> None:
    """A wrong, used or old link offers a new code, and names the newer mail where there is one."""
    portal = Portal()
    async with portal.browser() as browser:
        over = await browser.request(method, "/clearwater/sign-in/other")
        portal.sign_in.newer_at = services_in(portal.app).clock().replace(hour=16, minute=12)
        older = await browser.request(method, "/clearwater/sign-in/other")

    assert (over.status_code, older.status_code) == (410, 410)
    assert "A link works once, and for 10 minutes." in over.text
    assert "A newer mail was sent on Tuesday, November 24 at 9:12" in older.text


async def test_signing_out_ends_the_session() -> None:
    """Signing out ends the session on the server and in the browser."""
    portal = Portal()
    async with portal.browser(signed_in=True) as browser:
        answer = await browser.post("/clearwater/sign-out")

    assert portal.sign_in.ended == [SESSION]
    assert (answer.status_code, answer.headers["Location"]) == (303, "/clearwater/sign-in")
    assert 'portal-clearwater=""' in answer.headers["Set-Cookie"]


@pytest.mark.parametrize(
    "wanted",
    [
        "https://elsewhere.test/",
        "//elsewhere.test/clearwater/",
        "/other/",
        "/clearwater",
        "/clearwater/../other/",
        "/clearwater/%2e%2e/other/",
        "/clearwater/.%2E/other/",
        "/clearwater/\\elsewhere.test",
        "/clearwater/\r\nSet-Cookie: a=b",
        "javascript:alert(1)",
    ],
)
async def test_the_sign_in_leads_nowhere_else(wanted: str) -> None:
    """Only a plain path of this very portal is gone on to."""
    async with Portal().browser() as browser:
        answer = await browser.post(
            "/clearwater/sign-in", data={"email": "a@b.test", "code": CODE, "next": wanted}
        )

    assert answer.headers["Location"] == "/clearwater/"


async def test_a_file_in_place_of_a_field_is_no_field() -> None:
    """A form that sends a file where a text belongs is a form without it."""
    async with Portal().browser() as browser:
        answer = await browser.post("/clearwater/sign-in", files={"email": b"maria@mail.test"})

    assert answer.status_code == 422


@pytest.mark.parametrize(
    ("email", "expected"), [("maria@mail.test", "m•••@mail.test"), ("@x", "•••@x"), ("a@b@c", "a•••@c")]
)
def test_a_masked_address_shows_one_letter(email: str, expected: str) -> None:
    """The first letter and the domain are enough for its owner."""
    assert masked(email) == expected
