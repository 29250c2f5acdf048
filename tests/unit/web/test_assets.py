"""Files with their hash in their name, and the headers every answer has."""

from collections.abc import AsyncIterator

import httpx
import pytest
from litestar import Litestar, get

from tests.unit.web.harness import through
from web.assets import ASSETS, FOLDER, ROUTES, brand_url
from web.security_headers import SecurityHeaders

IMMUTABLE = "public, max-age=31536000, immutable"


@pytest.fixture
async def client() -> AsyncIterator[httpx.AsyncClient]:
    transport = through(Litestar(ROUTES, openapi_config=None), SecurityHeaders(https=True))
    async with httpx.AsyncClient(transport=transport, base_url="https://portal.test") as made:
        yield made


async def test_an_asset_may_be_kept_for_ever(client: httpx.AsyncClient) -> None:
    """A file is served under the address that names its hash, and may be kept."""
    answer = await client.get(ASSETS.url("portal.css"))

    assert (answer.status_code, answer.content) == (200, (FOLDER / "portal.css").read_bytes())
    assert answer.headers["Content-Type"].startswith("text/css")
    assert answer.headers["Cache-Control"] == IMMUTABLE


async def test_an_asset_of_another_release_is_not_kept(client: httpx.AsyncClient) -> None:
    """A page of another release still gets a stylesheet, but no cache keeps it under the wrong name."""
    answer = await client.get("/-/assets/portal.000000000000.css")

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, "no-cache")


@pytest.mark.parametrize("name", ["other.css", "portal.css", "..%2fassets.py", ".", "portal.000000000000.js"])
async def test_other_names_are_not_found(client: httpx.AsyncClient, name: str) -> None:
    """Nothing but the files of the folder is served."""
    assert (await client.get(f"/-/assets/{name}")).status_code == 404


async def test_a_brand_stylesheet_is_made_of_its_address(client: httpx.AsyncClient) -> None:
    """The stylesheet of a colour may be kept: its address says the colour and what is made of it."""
    answer = await client.get(brand_url("#FFFF00"))

    assert (answer.status_code, answer.headers["Cache-Control"]) == (200, IMMUTABLE)
    assert "--brand:#ffff00" in answer.text
    assert answer.headers["Content-Type"].startswith("text/css")


async def test_a_brand_stylesheet_of_another_release_is_not_kept(client: httpx.AsyncClient) -> None:
    """Where what is made of a colour has changed since, no cache keeps it under the old name."""
    assert (await client.get("/-/brand/ffff00.000000000000.css")).headers["Cache-Control"] == "no-cache"


@pytest.mark.parametrize("name", ["red.css", "ffff0.x.css", "}body{.css"])
async def test_other_colours_are_not_found(client: httpx.AsyncClient, name: str) -> None:
    """Nothing of an address but six hex digits gets into a stylesheet."""
    assert (await client.get(f"/-/brand/{name}")).status_code == 404


@pytest.mark.parametrize("path", [ASSETS.url("portal.css"), "/nothing/here"])
async def test_every_answer_has_the_security_headers(client: httpx.AsyncClient, path: str) -> None:
    """Found or not, a page may run no inline code, be framed by nobody and load from nowhere else."""
    headers = (await client.get(path)).headers

    policy = headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "frame-ancestors 'none'" in policy
    assert "unsafe" not in policy
    assert headers["X-Content-Type-Options"] == "nosniff"
    assert headers["Referrer-Policy"] == "same-origin"
    assert headers["Cross-Origin-Opener-Policy"] == "same-origin"
    assert headers["Strict-Transport-Security"] == "max-age=63072000"


async def test_http_does_not_promise_https() -> None:
    """Without https there is no promise of it, and what a route set itself stays."""

    @get("/", response_headers={"Referrer-Policy": "no-referrer"}, sync_to_thread=False)
    def route() -> None:
        return None

    transport = through(Litestar([route], openapi_config=None), SecurityHeaders(https=False))
    async with httpx.AsyncClient(transport=transport, base_url="http://portal.test") as client:
        headers = (await client.get("/")).headers

    assert "Strict-Transport-Security" not in headers
    assert headers["Referrer-Policy"] == "no-referrer"


def test_the_stylesheet_is_small() -> None:
    """The stylesheet leaves room in a page's budget, and asks nobody else for anything."""
    css = (FOLDER / "portal.css").read_text()

    assert len(css.encode()) < 20_000
    assert "url(" not in css
    assert "@import" not in css
