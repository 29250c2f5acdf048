"""Sessions: where they count, what ends them, and which devices there are."""

import asyncio
import time
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from local_stack.stack import Stack
from query_api.sign_in.sessions import CACHE_TTL_S
from tests.integration.harness.customer_surface import Browser, CustomerSurfaceHarness

SOON_S = 1.0
"""Within a second of the event (docs/contracts/api.md)."""


@pytest.fixture
async def surface(stack: Stack) -> AsyncIterator[CustomerSurfaceHarness]:
    async with CustomerSurfaceHarness(stack.env) as one:
        await one.publish("business.registered")
        yield one


async def is_in(browser: Browser, slug: str = "blue") -> bool:
    status = (await browser.get(f"/{slug}/api/portal")).status_code
    assert status in (200, 401)
    return status == 200


async def is_out_soon(browser: Browser) -> bool:
    deadline = time.monotonic() + SOON_S
    while time.monotonic() < deadline:
        if not await is_in(browser):
            return True
        await asyncio.sleep(0.05)
    return False


async def test_signed_out_is_signed_out_on_the_server(surface: CustomerSurfaceHarness) -> None:
    browser = await surface.signed_in(await surface.create_customer())
    stolen = surface.browser()
    stolen.cookies.update(browser.cookies)
    assert await is_in(stolen)

    answer = await browser.delete("/blue/api/session")

    assert answer.status_code == 204
    assert "__Host-portal-blue" not in browser.cookies
    assert not await is_in(browser)
    assert not await is_in(stolen)
    assert (await browser.delete("/blue/api/session")).status_code == 401


async def test_a_new_sign_in_never_goes_on_with_a_session_that_was_there(
    surface: CustomerSurfaceHarness,
) -> None:
    email = await surface.create_customer()
    browser = await surface.signed_in(email)
    before = browser.cookies["__Host-portal-blue"]
    await browser.ask(email)
    mail = (await surface.mails(email, 2))[-1]
    await browser.enter(email=email, code=mail.code)
    planted = surface.browser()
    planted.cookies.set("__Host-portal-blue", before)

    assert browser.cookies["__Host-portal-blue"] != before
    assert not await is_in(planted)


async def test_a_session_counts_at_its_own_business_only(surface: CustomerSurfaceHarness) -> None:
    await surface.publish("business.registered", business="biz_2", slug="red")
    email = await surface.create_customer()
    await surface.publish("customer.registered", business="biz_2", customer="cus_1", emails=[email])
    browser = await surface.signed_in(email)
    browser.cookies.set("__Host-portal-red", browser.cookies["__Host-portal-blue"])

    assert await is_in(browser)
    assert not await is_in(browser, "red")


async def test_one_browser_is_signed_in_to_two_businesses(surface: CustomerSurfaceHarness) -> None:
    await surface.publish("business.registered", business="biz_2", slug="red")
    first, second = (
        await surface.create_customer(),
        await surface.create_customer(business="biz_2", customer="cus_9"),
    )
    browser = await surface.signed_in(first)
    await browser.ask(second, "red")
    (mail,) = await surface.mails(second)
    assert (await browser.enter("red", email=second, code=mail.code)).status_code == 201

    answers = [
        (await browser.get(f"/{slug}/api/portal")).json()["customer"]["id"] for slug in ("blue", "red")
    ]
    assert answers == ["cus_1", "cus_9"]


async def test_it_ends_when_the_address_leaves_the_customer_and_does_not_come_back_with_it(
    surface: CustomerSurfaceHarness,
) -> None:
    email = await surface.create_customer()
    browser = await surface.signed_in(email)
    await surface.publish("customer.contact_changed", customer="cus_1", emails=["other@mail.test"])
    assert await is_out_soon(browser)

    await surface.publish("customer.contact_changed", customer="cus_1", emails=[email])
    await asyncio.sleep(SOON_S)
    assert not await is_in(browser)


async def test_nothing_of_an_erased_customer_is_left(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    browser = await surface.signed_in(email)
    await browser.ask(email)
    await surface.mails(email, 2)
    await surface.publish("customer.erased", customer="cus_1")

    assert await is_out_soon(browser)
    for name in ("sessions", "sign_ins", "limits"):
        kept = [str(document) async for document in surface.store.database[name].find()]
        assert not any(email in document for document in kept), name


async def test_it_ends_when_the_business_closes(surface: CustomerSurfaceHarness) -> None:
    browser = await surface.signed_in(await surface.create_customer())
    await surface.publish("business.closed")
    await asyncio.sleep(SOON_S)

    assert (await browser.get("/blue/api/portal")).status_code == 404


async def test_a_session_that_is_not_used_ends(surface: CustomerSurfaceHarness) -> None:
    browser = await surface.signed_in(await surface.create_customer())
    surface.later(timedelta(days=29))
    await asyncio.sleep(CACHE_TTL_S + 0.1)
    assert await is_in(browser)
    surface.later(timedelta(days=29))
    await asyncio.sleep(CACHE_TTL_S + 0.1)
    assert await is_in(browser)
    surface.later(timedelta(days=31))
    await asyncio.sleep(CACHE_TTL_S + 0.1)
    assert not await is_in(browser)


async def test_a_session_ends_however_much_it_is_used(surface: CustomerSurfaceHarness) -> None:
    browser = await surface.signed_in(await surface.create_customer())
    for _ in range(4):
        surface.later(timedelta(days=22))
        await asyncio.sleep(CACHE_TTL_S + 0.1)
        assert await is_in(browser)
    surface.later(timedelta(days=3))
    await asyncio.sleep(CACHE_TTL_S + 0.1)
    assert not await is_in(browser)


async def test_devices_are_listed_and_one_is_signed_out_by_another(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    phone, laptop = await surface.signed_in(email), await surface.signed_in(email, ip="198.51.100.9")

    devices = (await laptop.get("/blue/api/sessions")).json()
    assert devices["next"] is None
    assert [device["current"] for device in devices["items"]] == [True, False]
    assert {device["device"] for device in devices["items"]} == {"Test/1"}
    other = devices["items"][1]["id"]
    assert await is_in(phone)
    assert (await laptop.delete(f"/blue/api/sessions/{other}")).status_code == 204
    assert (await laptop.delete(f"/blue/api/sessions/{other}")).status_code == 404
    assert not await is_in(phone)
    assert await is_in(laptop)


async def test_all_devices_are_signed_out_at_once(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    browsers = [await surface.signed_in(email) for _ in range(3)]

    assert (await browsers[0].delete("/blue/api/sessions")).status_code == 204
    assert not any([await is_in(browser) for browser in browsers])


async def test_devices_are_those_of_the_person_and_nobody_elses(surface: CustomerSurfaceHarness) -> None:
    mine = await surface.signed_in(await surface.create_customer())
    others = await surface.signed_in(await surface.create_customer(customer="cus_2"))
    theirs = (await others.get("/blue/api/sessions")).json()["items"][0]["id"]

    assert len((await mine.get("/blue/api/sessions")).json()["items"]) == 1
    assert (await mine.delete(f"/blue/api/sessions/{theirs}")).status_code == 404
    await mine.delete("/blue/api/sessions")
    assert await is_in(others)


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "session"),
        ("DELETE", "session"),
        ("GET", "sessions"),
        ("DELETE", "sessions"),
        ("GET", "portal"),
    ],
)
async def test_who_is_signed_out_gets_the_same_401_everywhere(
    surface: CustomerSurfaceHarness, method: str, path: str
) -> None:
    answer = await surface.browser().request(method, f"/blue/api/{path}")

    assert (answer.status_code, answer.json()["detail"]) == (401, "Nobody is signed in.")
    assert answer.headers["www-authenticate"]
