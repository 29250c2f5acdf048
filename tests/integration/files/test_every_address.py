"""What holds for everything a customer can ask for: every GET below `/{slug}/` there is, so that none is forgotten."""

from collections.abc import AsyncIterator, Mapping
from dataclasses import replace
from pathlib import Path

import httpx
import pytest

from local_stack.stack import Stack
from tests.integration.api.full_visit import NOW, window
from tests.integration.api.harness import ApiClient
from tests.integration.files.harness import PAPER, Library, photo
from tests.integration.files.test_pdf_and_zip import text
from tests.integration.harness.customer_surface import URL, clear_tenant_cache

OWN_HOST = "https://portal.blue.test"
SECRET = "the key of these tests that is long enough"

PUBLIC = {
    "api/business",
    "sign-in",
    "help",
    "accessibility",
    "media/logo",
    "manifest.webmanifest",
    "icon.png",
}
"""What everybody may see of a business."""

OTHERWISE = {"sign-in", "sign-in/{token:str}", "invoices/{invoice_id:str}/return/{payment_id:str}"}
"""What leads elsewhere, or is not found, unless something else was done before."""

NAMES = {
    "visit_id": "v1",
    "proof_id": "p1",
    "before_id": "p1",
    "after_id": "p2",
    "invoice_id": "i1",
    "payment_id": "y1",
    "subscription_id": "s1",
    "contract_id": "c1",
    "token": "never",
}
"""What stands for the parts of a route."""


@pytest.fixture
async def library(stack: Stack, tmp_path: Path) -> AsyncIterator[Library]:
    """A customer with one of everything, all of its files among it."""
    one = Library(stack.env, tmp_path)
    one._config = replace(one._config, secret_keys=(SECRET,))
    async with one:
        there, paper = one.keep("b.jpg", photo()), one.keep("b.pdf", PAPER, "application/pdf")
        await one.say("business.registered", branding={"logo": there}, portal_host="portal.blue.test")
        await one.say("customer.registered")
        await one.say("contract.signed", "c1", terms=paper)
        await one.say("subscription.started", "s1", contract_id="c1")
        sam = {"id": "t1", "name": "Sam Ortiz", "photo": there}
        await one.say("visit.booked", "v1", technician=sam, contract_id="c1", subscription_id="s1")
        await one.say("visit.completed", "v1")
        await one.say("visit.booked", "v2", window=window(NOW), contract_id="c1", subscription_id="s1")
        for item, stage in (("p1", "before"), ("p2", "after")):
            await one.say("proof.uploaded", item, kind="photo", stage=stage, media=there)
        await one.say("proof_pack.published", "k1", items=["p1", "p2"], document=paper)
        await one.say("invoice.issued", "i1", visit_ids=["v1"], contract_id="c1")
        await one.say("payment.succeeded", "y1")
        yield one


@pytest.fixture
async def reader(library: Library) -> ApiClient:
    return await library.reader("biz_1", "cus_1", "blue")


async def addresses(library: Library, reader: ApiClient) -> Mapping[str, str]:
    """Every GET below the slug by its route, with what it is about filled in."""
    feed = (await reader.get("calendar"))["url"].rpartition("/")[2]
    named = {"calendar/{name:str}": feed, "media/invoices/{name:str}": "i1.pdf"}
    named["media/payments/{name:str}"] = "y1.pdf"
    found = {}
    for one in library._app.routes:
        if "GET" in getattr(one, "methods", ()) and one.path.startswith("/{slug:str}"):
            route = one.path.removeprefix("/{slug:str}").removeprefix("/")
            address = route.replace("{name:str}", named.get(route, "") if "{name:str}" in route else "")
            for part, value in NAMES.items():
                address = address.replace(f"{{{part}:str}}", value)
            found[route] = f"/blue/{address}"
    assert len(found) > 50
    return found


async def seen(reader: ApiClient, address: str, method: str = "GET", known: str = "") -> httpx.Response:
    """What an address answers to a browser."""
    headers = {"If-None-Match": known} if known else {}
    return await reader._browser.request(method, address, headers=headers)


async def test_everything_has_an_etag_and_is_not_sent_again_and_can_be_asked_about(
    library: Library, reader: ApiClient
) -> None:
    """304 for what the browser has, HEAD as GET without its content; nothing but the logo in shared caches."""
    for route, address in (await addresses(library, reader)).items():
        if route in OTHERWISE:
            continue
        # What tells how fresh it is may be another one 10 s later.
        for _ in range(3):
            answer = await seen(reader, address)
            assert answer.status_code == 200, (address, answer.text)
            again = await seen(reader, address, known=answer.headers["etag"])
            head = await seen(reader, address, "HEAD")
            tag = answer.headers["etag"].removeprefix("W/")
            if again.status_code == 304 and head.headers["etag"].removeprefix("W/") == tag:
                break
        assert (again.status_code, again.content) == (304, b""), address
        assert (head.status_code, head.content) == (200, b""), address
        # Compressed on its way it is another one of the same content.
        assert {one.headers["etag"].removeprefix("W/") for one in (answer, again, head)} == {tag}, address
        if route != "media/logo":
            assert answer.headers["cache-control"] == "private, no-cache", address


async def test_signed_out_nothing_is_seen_but_what_everybody_may_see(
    library: Library, reader: ApiClient
) -> None:
    """The API and files answer 401, pages lead to the sign-in."""
    stranger = library.stranger("blue")
    for route, address in (await addresses(library, reader)).items():
        answer = await seen(stranger, address)
        if route in PUBLIC or route.startswith(("calendar/", "sign-in/")):
            assert answer.status_code in (200, 410), address
        elif route.startswith(("api/", "media/")):
            assert answer.status_code == 401, address
        else:
            assert (answer.status_code, answer.headers["location"][:13]) == (303, "/blue/sign-in"), address


@pytest.mark.parametrize("host", [URL, OWN_HOST])
async def test_of_a_closed_business_nothing_is_found(library: Library, reader: ApiClient, host: str) -> None:
    """No page, no file, no feed, no old link, on no host, to nobody; nor can anybody sign in."""
    every = (await addresses(library, reader)).values()
    for address in every:
        before = await seen(reader, f"{host}{address}")
        assert before.status_code == 200 or "sign-in" in address or "/return/" in address, address
    await library.say("business.closed")
    clear_tenant_cache(library._app)

    for address in every:
        for browser in (reader, library.stranger("blue")):
            answer = await seen(browser, f"{host}{address}")
            assert answer.status_code == 404, address
    for address in ("api/sign-in", "api/session", "sign-in", "sign-in/never", "api/calendar", "sign-out"):
        answer = await reader._browser.post(f"{host}/blue/{address}", headers={"Origin": host})
        assert answer.status_code == 404, address
    assert (await seen(reader, f"{host}/")).status_code == 404


async def test_of_a_business_that_does_not_exist_nothing_is_found(
    library: Library, reader: ApiClient
) -> None:
    for address in (await addresses(library, reader)).values():
        answer = await seen(reader, address.replace("/blue/", "/green/", 1))
        assert answer.status_code == 404, address


async def test_on_its_own_host_there_is_one_business_and_all_of_it(
    library: Library, reader: ApiClient
) -> None:
    red = {"businessid": "biz_2", "subject": "biz_2", "partitionkey": "biz_2", "sequence": "1"}
    await library.publish([library.event("business.registered", name="Red", slug="red") | red])
    assert (await seen(reader, f"{URL}/red/help")).status_code == 200

    home = await seen(reader, f"{OWN_HOST}/")
    assert (home.status_code, home.headers["location"]) == (302, "/blue/")
    for address in (await addresses(library, reader)).values():
        foreign = await seen(reader, f"{OWN_HOST}{address.replace('/blue/', '/red/', 1)}")
        assert foreign.status_code == 404, address


async def test_a_new_name_is_everywhere_at_once(library: Library, reader: ApiClient) -> None:
    """On every page, in the calendar, on every paper: also where a browser asks with what it has."""
    every = await addresses(library, reader)
    named = {
        route: address
        for route, address in every.items()
        if not route.startswith(("api/", "media/")) and route not in OTHERWISE | {"icon.png"}
    }
    named |= {route: every[route] for route in ("api/business", "api/export")}
    papers = [address for address in every.values() if address.endswith(".pdf")]
    icon_before = (await seen(reader, every["icon.png"])).headers["etag"]
    before = {address: await seen(reader, address) for address in [*named.values(), *papers]}

    await library.say("business.rebranded", name="Deep Blue", branding={"primary_color": "#204060"})
    clear_tenant_cache(library._app)

    for address, old in before.items():
        answer = await seen(reader, address, known=old.headers["etag"])
        assert answer.status_code == 200, address
        content = text(answer.content) if address in papers else answer.text
        assert "Deep Blue" in content, address
        assert "Blue Pools" not in content, address
    assert (await seen(reader, every["media/logo"])).status_code == 404
    icon = await seen(reader, every["icon.png"], known=icon_before)
    assert icon.status_code == 200
