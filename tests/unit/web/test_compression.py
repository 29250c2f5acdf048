"""Pages travel compressed."""

import gzip
from collections.abc import Callable, Iterator
from typing import Any

import cramjam
import httpx
import pytest
from litestar import Litestar, Response, get
from litestar.response import Stream

from query_api.http.etag import conditional
from query_api.http.prebuilt_response import PrebuiltJson
from tests.unit.web.harness import through
from web.compression import coding_for, compress_response
from web.pipeline import REVALIDATE

PAGE = "<p>Pool cleaning</p>" * 200


@get("/page", sync_to_thread=False)
def page() -> Response[str]:
    return Response(PAGE, media_type="text/html")


@get("/short", sync_to_thread=False)
def short() -> Response[str]:
    return Response("<p>", media_type="text/html")


@get("/json", sync_to_thread=False)
def json() -> dict[str, str]:
    return {"page": PAGE}


@get("/pieces", sync_to_thread=False)
def pieces() -> Stream:
    def content() -> Iterator[str]:
        yield PAGE
        yield PAGE

    return Stream(content(), media_type="text/html")


@pytest.fixture
def client() -> httpx.AsyncClient:
    app = Litestar([page, short, json, pieces], openapi_config=None)
    transport = through(app, conditional, compress_response)
    return httpx.AsyncClient(transport=transport, base_url="https://portal.test")


@pytest.mark.parametrize(("path", "inside"), [("/page", PAGE), ("/json", PAGE)])
@pytest.mark.parametrize(
    ("taken", "coding", "unpacked"),
    [("br, gzip", "gzip", gzip.decompress), ("gzip, zstd", "zstd", cramjam.zstd.decompress)],
)
async def test_pages_and_json_are_compressed_for_who_takes_it(
    client: httpx.AsyncClient,
    path: str,
    inside: str,
    taken: str,
    coding: str,
    unpacked: Callable[[bytes], Any],
) -> None:
    """The same content, many times smaller, with the length that it has now."""
    async with client, client.stream("GET", path, headers={"Accept-Encoding": taken}) as answer:
        raw = b"".join([piece async for piece in answer.aiter_raw()])

    assert inside in bytes(unpacked(raw)).decode()
    assert answer.headers["Content-Encoding"] == coding
    assert int(answer.headers["Content-Length"]) == len(raw) < len(PAGE) / 10
    assert answer.headers["Vary"] == "Accept-Encoding"


async def test_who_does_not_take_it_gets_it_plain(client: httpx.AsyncClient) -> None:
    """Without gzip among what is accepted nothing is compressed, and caches are told that it depends."""
    async with client:
        answer = await client.get("/page", headers={"Accept-Encoding": "identity"})

    assert answer.text == PAGE
    assert "Content-Encoding" not in answer.headers
    assert answer.headers["Vary"] == "Accept-Encoding"


async def test_the_tag_of_a_compressed_page_is_weak_and_known_again(client: httpx.AsyncClient) -> None:
    """Its bytes are others than those that the tag was made of; asked with it, there is nothing new."""
    async with client:
        tag = (await client.get("/page", headers={"Accept-Encoding": "gzip"})).headers["ETag"]
        again = await client.get("/page", headers={"Accept-Encoding": "gzip", "If-None-Match": tag})

    assert tag.startswith('W/"')
    assert (again.status_code, again.content) == (304, b"")


@pytest.mark.parametrize("path", ["/page", "/short", "/json"])
@pytest.mark.parametrize("taken", ["gzip", "identity"])
async def test_the_head_of_what_is_not_modified_is_the_one_it_would_have(
    client: httpx.AsyncClient, path: str, taken: str
) -> None:
    """But for what describes the content (RFC 9110, 15.4.5): caches store the one by the other's head."""
    async with client:
        headers = {"Accept-Encoding": taken, "X-Request-ID": "of-a-test"}
        whole = await client.get(path, headers=headers)
        again = await client.get(path, headers=headers | {"If-None-Match": whole.headers["ETag"]})

    assert (again.status_code, again.content) == (304, b"")
    of_content = ("content-type", "content-length", "content-encoding")
    assert dict(again.headers) == {
        name: value for name, value in whole.headers.items() if name not in of_content
    }


async def test_what_is_known_has_the_same_head() -> None:
    """Answered by the router or past it, whole or Not Modified."""
    made = PrebuiltJson(b'"' + b"pool " * 400 + b'"')

    async def again(_scope: object) -> PrebuiltJson:
        return made

    async def router(scope: Any, receive: Any, send: Any) -> None:
        scope["path_template"] = "/there"
        scope["state"][REVALIDATE] = again
        await made(scope, receive, send)

    async with httpx.AsyncClient(
        transport=through(router, conditional, compress_response), base_url="https://portal.test"
    ) as browser:
        headers = {"Accept-Encoding": "gzip", "X-Request-ID": "of-a-test"}
        first, known = [await browser.get("/", headers=headers) for _ in range(2)]
        unchanged = await browser.get("/", headers=headers | {"If-None-Match": known.headers["ETag"]})

    assert first.headers == known.headers
    assert unchanged.status_code == 304
    assert [unchanged.headers[name] for name in ("ETag", "Vary")] == [
        known.headers[name] for name in ("ETag", "Vary")
    ]


@pytest.mark.parametrize("path", ["/short", "/pieces"])
async def test_the_rest_is_left_alone(client: httpx.AsyncClient, path: str) -> None:
    """What is short or comes in pieces is sent as it is."""
    async with client:
        answer = await client.get(path, headers={"Accept-Encoding": "gzip"})

    assert answer.status_code == 200
    assert "Content-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("gzip", "gzip"),
        ("br;q=1.0, GZIP;q=0.8", "gzip"),
        ("gzip, br, zstd", "zstd"),
        ("gzip, zstd;q=0", "gzip"),
        ("gzip;q=0", None),
        ("gzip; q=0.0", None),
        ("", None),
    ],
)
def test_codings_are_taken_by_name(header: str, expected: str | None) -> None:
    """A header names what it takes; a weight of 0 refuses it."""
    assert expected == coding_for(header)
