"""Signing in by mailed code and link: who gets in, who does not, and that nobody can tell who is known."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest

from local_stack.stack import Stack
from query_api.services import services_in
from tests.integration.harness.customer_surface import (
    SAME_ORIGIN,
    Browser,
    CustomerSurfaceHarness,
    clear_tenant_cache,
)

UNKNOWN = "nobody@mail.test"


@pytest.fixture
async def surface(stack: Stack) -> AsyncIterator[CustomerSurfaceHarness]:
    async with CustomerSurfaceHarness(stack.env) as one:
        await one.publish("business.registered")
        yield one


def wrong(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06}"


def shape(answer: httpx.Response) -> tuple[Any, ...]:
    """An answer without what is random in it."""
    cookies = [
        line.partition("=")[0] + line[line.index(";") :] for line in answer.headers.get_list("set-cookie")
    ]
    random = ("set-cookie", "x-request-id")
    headers = sorted((name, value) for name, value in answer.headers.items() if name not in random)
    return answer.status_code, answer.content, cookies, headers


async def test_a_mailed_code_signs_in(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    browser = surface.browser()
    await browser.ask(f"  {email.upper()} ")
    (mail,) = await surface.mails(email)

    entered = await browser.enter(email=email, code=f" {mail.code[:3]}-{mail.code[3:]} ")

    assert entered.status_code == 201
    session = (await browser.get("/blue/api/session")).json()
    assert session == entered.json()
    assert (session["email"], session["customer"]) == (email, {"id": "cus_1", "name": "Ada Field"})
    assert (await browser.get("/blue/api/portal")).json()["customer"]["emails"] == [email]


async def test_the_session_cookie_is_for_this_host_and_its_server_alone(
    surface: CustomerSurfaceHarness,
) -> None:
    email = await surface.create_customer()
    browser = surface.browser()
    asked = await browser.ask(email)
    (mail,) = await surface.mails(email)
    entered = await browser.enter(email=email, code=mail.code)

    for answer, name in ((asked, "__Host-sign-in-blue="), (entered, "__Host-portal-blue=")):
        (cookie,) = answer.headers.get_list("set-cookie")
        assert cookie.startswith(name)
        attributes = {part.strip().lower() for part in cookie.split(";")[1:]}
        assert {"secure", "httponly", "path=/", "samesite=lax"} <= attributes
        assert not any(part.startswith("domain") for part in attributes)


async def test_a_code_works_in_the_browser_that_asked_for_it_only(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    asking, other = surface.browser(), surface.browser()
    await asking.ask(email)
    await other.ask(UNKNOWN)
    (mail,) = await surface.mails(email)

    assert (await other.enter(email=email, code=mail.code)).status_code == 401
    assert (await surface.browser().enter(email=email, code=mail.code)).status_code == 401
    assert (await asking.enter(email=email, code=mail.code)).status_code == 201


async def test_a_link_works_in_any_browser_and_looking_at_it_uses_nothing_up(
    surface: CustomerSurfaceHarness,
) -> None:
    email = await surface.create_customer()
    await surface.browser().ask(email)
    (mail,) = await surface.mails(email)
    other = surface.browser()

    for method in ("GET", "HEAD", "GET"):
        assert (await other.request(method, mail.link)).status_code == 200
    assert (await other.enter(token=mail.token)).status_code == 201
    assert (await other.get("/blue/api/portal")).status_code == 200
    assert (await surface.browser().enter(token=mail.token)).status_code == 401


async def test_wrong_used_and_expired_are_refused_in_the_same_words(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    browser = surface.browser()
    await browser.ask(email)
    first = (await surface.mails(email))[0]
    refused = [
        await browser.enter(email=email, code=wrong(first.code)),
        await browser.enter(email=email, code="no code"),
        await browser.enter(email=UNKNOWN, code=first.code),
        await browser.enter(token="A" * 43),
        await browser.enter(token=first.token[:-1]),
    ]
    assert (await browser.enter(email=email, code=first.code)).status_code == 201
    refused += [await browser.enter(email=email, code=first.code), await browser.enter(token=first.token)]
    await browser.ask(email)
    second = (await surface.mails(email, 2))[1]
    surface.later(timedelta(minutes=10))
    refused += [await browser.enter(email=email, code=second.code), await browser.enter(token=second.token)]

    assert {answer.status_code for answer in refused} == {401}
    assert len({answer.content for answer in refused}) == 1


async def test_the_last_two_mails_work_and_a_used_one_takes_the_other_with_it(
    surface: CustomerSurfaceHarness,
) -> None:
    email = await surface.create_customer()
    browser = surface.browser()
    for count in (1, 2, 3):
        await browser.ask(email)
        await surface.mails(email, count)
    first, second, third = await surface.mails(email, 3)

    assert (await browser.enter(email=email, code=first.code)).status_code == 401
    assert (await browser.enter(token=first.token)).status_code == 401
    services = services_in(surface.app)
    business = await services.reads.business("blue")
    assert business
    link = await services.sign_in.link(business, first.token)
    assert (link.email, link.newer_at is not None) == (None, True)
    assert (await browser.enter(email=email, code=second.code)).status_code == 201
    assert (await browser.enter(email=email, code=third.code)).status_code == 401


async def test_asking_binds_a_browser_once(surface: CustomerSurfaceHarness) -> None:
    browser = surface.browser()
    first, second = [await browser.ask(UNKNOWN) for _ in range(2)]

    assert first.cookies["__Host-sign-in-blue"] == second.cookies["__Host-sign-in-blue"]


async def test_an_unknown_address_is_answered_as_a_known_one_and_gets_no_mail(
    surface: CustomerSurfaceHarness,
) -> None:
    known, unknown = await surface.create_customer(), UNKNOWN
    answers = [await surface.browser().ask(email) for email in (known, unknown)]
    await surface.mails(known)

    assert shape(answers[0]) == shape(answers[1])
    await surface.dealt_with(unknown)
    assert await surface.mails(unknown, 0) == []


async def test_the_database_holds_neither_code_nor_token(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    browser = await surface.signed_in(email)
    (mail,) = await surface.mails(email)
    kept = [
        str(document)
        for name in ("sign_ins", "sessions", "limits")
        async for document in surface.store.database[name].find()
    ]

    for secret in (mail.code, mail.token, *browser.cookies.values()):
        assert not any(secret in document for document in kept)


async def test_an_address_of_several_customers_chooses_one(surface: CustomerSurfaceHarness) -> None:
    place = {"id": "a", "line1": "1 Elm St", "city": "Mesa", "postal_code": "85201", "country": "US"}
    email = await surface.create_customer(addresses=[place])
    await surface.publish("customer.registered", customer="cus_2", emails=[email], name="Ada's Café")
    browser = surface.browser()
    await browser.ask(email)
    (mail,) = await surface.mails(email)

    for shown in ({"email": email, "code": mail.code}, {"token": mail.token}) * 3:
        answer = await browser.enter(**shown)
        assert answer.status_code == 409
        assert answer.json()["accounts"] == [
            {"id": "cus_1", "name": "Ada Field", "address": "1 Elm St"},
            {"id": "cus_2", "name": "Ada's Café", "address": None},
        ]
    assert (await browser.enter(token=mail.token, customer_id="cus_3")).status_code == 401
    chosen = await browser.enter(email=email, code=mail.code, customer_id="cus_2")
    assert (chosen.status_code, chosen.json()["customer"]["id"]) == (201, "cus_2")

    old = dict(browser.cookies)
    switched = await browser.post("/blue/api/session/customer", json={"customer_id": "cus_1"})
    assert (switched.status_code, switched.json()["customer"]["id"]) == (200, "cus_1")
    assert (await browser.get("/blue/api/portal")).json()["customer"]["id"] == "cus_1"
    assert (await httpx_get(surface, old)).status_code == 401
    unknown = await browser.post("/blue/api/session/customer", json={"customer_id": "cus_3"})
    assert unknown.status_code == 404


async def test_an_address_of_very_many_customers_reaches_each(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    for number in range(2, 62):
        await surface.publish("customer.registered", customer=f"cus_{number:02}", emails=[email])
    browser = surface.browser()
    await browser.ask(email)
    (mail,) = await surface.mails(email)

    several = await browser.enter(email=email, code=mail.code)
    assert (several.status_code, len(several.json()["accounts"])) == (409, 61)
    entered = await browser.enter(email=email, code=mail.code, customer_id="cus_61")
    assert (entered.status_code, entered.json()["customer"]["id"]) == (201, "cus_61")
    switched = await browser.post("/blue/api/session/customer", json={"customer_id": "cus_60"})
    assert (switched.status_code, switched.json()["customer"]["id"]) == (200, "cus_60")


async def test_the_host_of_a_closed_business_is_nobodys(surface: CustomerSurfaceHarness) -> None:
    """It is not the public one: nobody signs in at another business there."""
    await surface.publish("business.registered", business="biz_2", slug="red", portal_host="portal.red.test")
    own = surface.browser("https://portal.red.test")
    assert [(await own.get(path)).status_code for path in ("/red/sign-in", "/blue/sign-in")] == [200, 404]
    await surface.publish("business.closed", business="biz_2")
    clear_tenant_cache(surface.app)

    for path in ("/", "/red/sign-in", "/blue/sign-in", "/blue/", "/blue/api/business"):
        assert (await own.get(path)).status_code == 404, path
    assert (await own.get("/-/health/live")).status_code == 200
    assert (await surface.browser().get("/blue/sign-in")).status_code == 200


async def httpx_get(surface: CustomerSurfaceHarness, cookies: dict[str, str]) -> httpx.Response:
    browser = surface.browser()
    browser.cookies.update(cookies)
    return await browser.get("/blue/api/portal")


@pytest.mark.parametrize(
    "shown", [{}, {"email": "a@b.test"}, {"token": "A", "email": "a@b.test", "code": "1"}]
)
async def test_it_takes_email_and_code_or_a_token(
    surface: CustomerSurfaceHarness, shown: dict[str, str]
) -> None:
    assert (await surface.browser().enter(**shown)).status_code == 400


async def test_keys_change_without_signing_anybody_out(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    browser = await surface.signed_in(email)
    await browser.ask(email)
    mail = (await surface.mails(email, 2))[-1]
    keys = ("a newer key of these tests that is long enough", *surface.config.secret_keys)
    app = await surface.serve(replace(surface.config, secret_keys=keys))
    after = Browser(app)
    after.cookies = browser.cookies

    assert (await after.get("/blue/api/portal")).status_code == 200
    assert (await after.enter(email=email, code=mail.code)).status_code == 201


async def test_without_mail_or_keys_nobody_signs_in_and_the_rest_works(
    surface: CustomerSurfaceHarness,
) -> None:
    browser = Browser(await surface.serve(replace(surface.config, smtp_url=None)))

    assert (await browser.get("/blue/api/business")).status_code == 200
    assert (await browser.ask(UNKNOWN)).status_code == 503
    assert (await browser.enter(email=UNKNOWN, code="123456")).status_code == 503


async def test_a_change_from_another_site_signs_nobody_in(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    browser = surface.browser()
    await browser.ask(email)
    (mail,) = await surface.mails(email)
    body = {"email": email, "code": mail.code}

    foreign = await browser.post("/blue/api/session", json=body, headers={"Origin": "https://evil.test"})
    assert foreign.status_code == 403
    assert (await browser.post("/blue/api/session", json=body, headers=SAME_ORIGIN)).status_code == 201
