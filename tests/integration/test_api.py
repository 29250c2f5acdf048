"""The JSON API of a business's customers, over real views."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import datetime, timedelta

import httpx
import pytest

from local_stack.stack import Stack
from query_api.app import create_app
from query_api.services import services_in
from read_models.store import ReadModelStore
from tests.integration.harness.customer_surface import (
    URL,
    Browser,
    CustomerSurfaceHarness,
    clear_tenant_cache,
)


@pytest.fixture
async def surface(stack: Stack) -> AsyncIterator[CustomerSurfaceHarness]:
    async with CustomerSurfaceHarness(stack.env) as one:
        await one.publish("business.registered", branding={"primary_color": "#0f6e84"})
        yield one


def is_problem(answer: httpx.Response, status: int) -> bool:
    body = answer.json()
    assert answer.headers["content-type"] == "application/problem+json"
    assert {"type", "title", "status", "detail"} <= body.keys()
    return (answer.status_code, body["status"]) == (status, status)


async def test_anybody_may_read_whose_portal_it_is(surface: CustomerSurfaceHarness) -> None:
    answer = await surface.browser().get("/blue/api/business")

    assert answer.json() == {
        "name": "Blue Pools",
        "slug": "blue",
        "tagline": None,
        "logo_url": None,
        "primary_color": "#0f6e84",
        "support": {"email": "office@blue.test", "phone": None},
    }


async def test_the_dashboard_shows_what_was_published(surface: CustomerSurfaceHarness) -> None:
    browser = await surface.signed_in(await surface.create_customer())
    start, end = (
        (surface.now() + timedelta(days=days)).isoformat().replace("+00:00", "Z") for days in (1, 2)
    )
    window = {"start": start, "end": end}
    await surface.publish("visit.booked", subject="v1", customer="cus_1", window=window)

    dashboard = (await browser.get("/blue/api/portal")).json()

    assert [item["id"] for item in dashboard["upcoming"]] == ["v1"]
    assert dashboard["customer"]["name"] == "Ada Field"
    assert datetime.fromisoformat(dashboard["as_of"]).second % 10 == 0


async def test_the_dashboard_is_nobodys_who_is_signed_out(surface: CustomerSurfaceHarness) -> None:
    assert is_problem(await surface.browser().get("/blue/api/portal"), 401)


async def test_an_unchanged_answer_is_not_sent_again(surface: CustomerSurfaceHarness) -> None:
    browser = surface.browser()
    first = await browser.get("/blue/api/business")
    headers = {"If-None-Match": f'"other", W/{first.headers["etag"]}'}
    second = await browser.get("/blue/api/business", headers=headers)

    assert (second.status_code, second.content) == (304, b"")
    assert second.headers["etag"] == first.headers["etag"]
    assert first.headers["cache-control"] == second.headers["cache-control"] == "private, no-cache"

    await surface.publish("business.rebranded", name="Deep Blue Pools")
    clear_tenant_cache(surface.app)
    assert (await browser.get("/blue/api/business", headers=headers)).json()["name"] == "Deep Blue Pools"


async def test_every_get_has_an_etag_and_stays_out_of_shared_caches(surface: CustomerSurfaceHarness) -> None:
    browser = await surface.signed_in(await surface.create_customer())
    for path in ("api/business", "api/portal", "api/session", "api/sessions", "", "sign-in"):
        answer = await browser.get(f"/blue/{path}")
        assert answer.headers["cache-control"] == "private, no-cache", path
        if answer.status_code == 200:
            again = await browser.get(f"/blue/{path}", headers={"If-None-Match": answer.headers["etag"]})
            assert again.status_code == 304, path


async def test_head_is_get_without_its_content(surface: CustomerSurfaceHarness) -> None:
    browser = surface.browser()
    browser.headers["X-Request-ID"] = "of-a-test"
    get, head = [await browser.request(method, "/blue/api/business") for method in ("GET", "HEAD")]

    assert head.content == b""
    assert head.headers == get.headers


@pytest.mark.parametrize("path", ["/nobody/api/business", "/nobody/api/nothing", "/nobody/"])
async def test_where_there_is_no_business_nothing_is_found(
    surface: CustomerSurfaceHarness, path: str
) -> None:
    assert (await surface.browser().get(path)).status_code == 404


async def test_a_closed_business_has_no_portal(surface: CustomerSurfaceHarness) -> None:
    browser = await surface.signed_in(await surface.create_customer())
    await surface.publish("business.closed")
    clear_tenant_cache(surface.app)

    assert is_problem(await browser.get("/blue/api/portal"), 404)
    assert is_problem(await browser.get("/blue/api/business"), 404)


async def test_what_does_not_exist_is_the_same_404_whatever_it_is(surface: CustomerSurfaceHarness) -> None:
    browser = surface.browser()
    answers = [await browser.get(path) for path in ("/blue/api/nothing", "/nobody/api/portal", "/-/nothing")]

    assert all(is_problem(answer, 404) for answer in answers)
    assert len({answer.content for answer in answers}) == 1


async def test_a_method_that_a_path_does_not_know_is_answered_with_those_it_does(
    surface: CustomerSurfaceHarness,
) -> None:
    answer = await surface.browser().delete("/blue/api/business")

    assert is_problem(answer, 405)
    assert "GET" in answer.headers["allow"]


@pytest.mark.parametrize(
    "body", [b"", b"{", b"[]", b'{"email": 1}', b'{"email": null}', b'{"email": "no address"}']
)
async def test_a_body_that_cannot_be_read_is_a_400(surface: CustomerSurfaceHarness, body: bytes) -> None:
    headers = {"Content-Type": "application/json"}
    answer = await surface.browser().post("/blue/api/sign-in", content=body, headers=headers)

    assert is_problem(answer, 400)


async def test_a_body_that_is_too_large_is_refused(surface: CustomerSurfaceHarness) -> None:
    answer = await surface.browser().post("/blue/api/sign-in", json={"email": "a" * 20_000})

    assert is_problem(answer, 413)


async def test_an_error_of_ours_tells_nothing_of_its_cause(
    surface: CustomerSurfaceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    browser = await surface.signed_in(await surface.create_customer())

    async def broken(*_: object) -> None:
        raise RuntimeError("the cause")

    monkeypatch.setattr(services_in(surface.app).reads, "dashboard", broken)
    answer = await browser.get("/blue/api/portal")

    assert is_problem(answer, 500)
    assert "cause" not in answer.text


async def test_every_answer_says_what_browsers_may_do_with_it(surface: CustomerSurfaceHarness) -> None:
    browser = surface.browser()
    for path in ("/blue/api/business", "/blue/api/nothing", "/nobody/", "/-/health/live"):
        headers = (await browser.get(path)).headers
        assert headers["referrer-policy"] == "same-origin"
        assert headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in headers["content-security-policy"]
        assert headers["strict-transport-security"]


async def test_the_public_host_is_asked_by_https_with_all_its_subdomains(
    surface: CustomerSurfaceHarness,
) -> None:
    """Those of a business's own domain are not ours to say so of."""
    await surface.publish("business.rebranded", portal_host="portal.blue.test")
    for url, subdomains in ((URL, True), ("https://portal.blue.test", False)):
        headers = (await surface.browser(url).get("/blue/api/business")).headers
        assert ("includeSubDomains" in headers["strict-transport-security"]) is subdomains


CHANGES = [
    ({"Origin": URL}, 202),
    ({"Sec-Fetch-Site": "same-origin"}, 202),
    ({"Origin": URL, "Sec-Fetch-Site": "cross-site"}, 202),
    ({}, 403),
    ({"Origin": "null"}, 403),
    ({"Origin": "https://evil.test"}, 403),
    ({"Origin": "http://portal.test"}, 403),
    ({"Origin": f"{URL}.evil.test"}, 403),
    ({"Origin": "https://evil.test", "Sec-Fetch-Site": "same-origin"}, 403),
    ({"Sec-Fetch-Site": "same-site"}, 403),
    ({"Sec-Fetch-Site": "none"}, 403),
    ({"Referer": URL}, 403),
]


@pytest.mark.parametrize(("headers", "status"), CHANGES)
async def test_changes_come_from_the_portals_own_pages(
    surface: CustomerSurfaceHarness, headers: dict[str, str], status: int
) -> None:
    browser = surface.browser()
    del browser.headers["Origin"]
    answer = await browser.post("/blue/api/sign-in", json={"email": "a@b.test"}, headers=headers)

    assert answer.status_code == status


async def test_a_business_is_reached_on_its_own_host_alone(surface: CustomerSurfaceHarness) -> None:
    await surface.publish("business.rebranded", portal_host="Portal.Blue.test")
    await surface.publish("business.registered", business="biz_2", slug="red", name="Red Pools")
    own = surface.browser("https://portal.blue.test")

    home = await own.get("/")
    assert (home.status_code, home.headers["location"]) == (302, "/blue/")
    assert (await own.get("/blue/api/business")).status_code == 200
    assert is_problem(await own.get("/red/api/business"), 404)
    assert (await surface.browser().get("/blue/api/business")).status_code == 200
    assert (await surface.browser().get("/red/api/business")).status_code == 200
    assert (await surface.browser().get("/")).status_code == 404


async def test_a_sign_in_on_a_business_own_host_stays_there(surface: CustomerSurfaceHarness) -> None:
    await surface.publish("business.rebranded", portal_host="portal.blue.test")
    email = await surface.create_customer()
    own = surface.browser("https://portal.blue.test")
    assert (await own.ask(email)).status_code == 202
    (mail,) = await surface.mails(email)

    assert mail.link.startswith("https://portal.blue.test/blue/sign-in/")
    assert (await own.enter(email=email, code=mail.code)).status_code == 201
    foreign = {"Origin": URL}
    assert (await own.post("/blue/api/sign-in", json={"email": email}, headers=foreign)).status_code == 403


async def test_a_host_that_is_not_a_business_own_is_the_public_one(surface: CustomerSurfaceHarness) -> None:
    browser = surface.browser("https://elsewhere.test")
    assert (await browser.get("/blue/api/business")).status_code == 200
    assert (await browser.ask("a@b.test")).status_code == 403


async def test_ready_only_with_views_to_serve(surface: CustomerSurfaceHarness) -> None:
    browser = surface.browser()
    assert (await browser.get("/-/health/live")).status_code == 200
    assert (await browser.get("/-/health/ready")).status_code == 200

    empty = create_app(replace(surface.config, mongo_database=f"{surface.config.mongo_database}_empty"))
    async with empty.lifespan(), Browser(empty) as client:
        assert (await client.get("/-/health/live")).status_code == 200
        assert is_problem(await client.get("/-/health/ready"), 503)
        assert is_problem(await client.get("/blue/api/business"), 503)
    store = await ReadModelStore.connect(surface.config.mongo_url, f"{surface.config.mongo_database}_empty")
    await store.drop()
    await store.close()


async def test_the_api_describes_itself(surface: CustomerSurfaceHarness) -> None:
    described = json.loads((await surface.browser().get("/-/openapi/openapi.json")).content)

    assert described["openapi"].startswith("3.1")
    operations = {
        (path, method): operation["operationId"]
        for path, methods in described["paths"].items()
        for method, operation in methods.items()
    }
    assert operations["/{slug}/api/portal", "get"] == "getPortal"
    assert operations["/{slug}/api/session", "post"] == "signIn"
    assert all(
        path.startswith(("/{slug}/api/", "/{slug}/media/", "/{slug}/calendar/", "/-/"))
        for path, _ in operations
    )


async def test_what_was_asked_before_is_answered_as_if_it_never_was(surface: CustomerSurfaceHarness) -> None:
    """A dashboard asked for again by the short way is today's, in the coding that is taken, and its owner's alone."""
    browser = await surface.signed_in(await surface.create_customer())
    other = await surface.signed_in(await surface.create_customer(customer="cus_2"))
    for booked in range(3):
        window = {
            "start": f"2030-01-0{booked + 1}T10:00:00.000Z",
            "end": f"2030-01-0{booked + 1}T11:00:00.000Z",
        }
        await surface.publish("visit.booked", subject=f"v{booked}", customer="cus_1", window=window)
        for _ in range(2):
            for coding in ("identity", "gzip"):
                answer = await browser.get("/blue/api/portal", headers={"Accept-Encoding": coding})
                assert len(answer.json()["upcoming"]) == booked + 1
            tag = answer.headers["etag"]
            known = await browser.get(
                "/blue/api/portal", headers={"If-None-Match": tag, "Accept-Encoding": "gzip"}
            )
            assert (known.status_code, known.content) == (304, b"")
            assert (await other.get("/blue/api/portal")).json()["upcoming"] == []

    stolen = surface.browser()
    stolen.cookies.update(browser.cookies)
    assert (await stolen.get("/blue/api/portal")).status_code == 200
    assert (await browser.delete("/blue/api/session")).status_code == 204
    assert (await stolen.get("/blue/api/portal")).status_code == 401
    assert (await other.get("/blue/api/portal")).status_code == 200


@pytest.mark.parametrize(
    ("header", "value"),
    [
        ("Accept", "text/html"),
        ("Accept-Language", "es"),
        ("Authorization", "Bearer of-somebody"),
        ("Cache-Control", "no-cache"),
        ("If-Match", '"another"'),
        ("If-Modified-Since", "Sat, 01 Jan 2028 00:00:00 GMT"),
        ("If-None-Match", "*"),
        ("Origin", "https://another.test"),
        ("Range", "bytes=0-3"),
        ("Sec-Fetch-Site", "cross-site"),
        ("User-Agent", "another"),
        ("X-Forwarded-Host", "another.test"),
    ],
)
async def test_the_short_way_takes_note_of_all_that_the_long_one_does(
    surface: CustomerSurfaceHarness, header: str, value: str
) -> None:
    """A request that says one thing more is answered as if nobody had asked before."""
    browser = await surface.signed_in(await surface.create_customer())
    asked = {"X-Request-ID": "of-a-test", header: value}
    by_the_router = await browser.get("/blue/api/portal", headers=asked)
    surface.app.asgi_handler._known.clear()  # type: ignore[attr-defined]
    await browser.get("/blue/api/portal")
    past_it = await browser.get("/blue/api/portal", headers=asked)

    assert (past_it.status_code, past_it.content) == (by_the_router.status_code, by_the_router.content)
    assert past_it.headers == by_the_router.headers
