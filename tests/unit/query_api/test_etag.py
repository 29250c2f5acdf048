"""Conditional requests over an application that answers what it is told."""

import httpx
import pytest
from litestar.enums import ScopeType
from litestar.types import Receive, Scope, Send

from query_api.http.etag import conditional, matches
from tests.unit.web.harness import through


class Application:
    """Answers every request with a status, headers and the parts of a body."""

    def __init__(self, *parts: bytes, status: int = 200, headers: dict[str, str] | None = None) -> None:
        self.parts = parts
        self.status = status
        self.headers = [(name.encode(), value.encode()) for name, value in (headers or {}).items()]
        self.methods: list[str] = []

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        assert scope["type"] == ScopeType.HTTP
        self.methods.append(scope["method"])
        await send({"type": "http.response.start", "status": self.status, "headers": list(self.headers)})
        for place, part in enumerate(self.parts, start=1):
            more = place < len(self.parts)
            await send({"type": "http.response.body", "body": part, "more_body": more})


async def asked(application: Application, method: str = "GET", known: str = "") -> httpx.Response:
    transport = through(application, conditional)
    async with httpx.AsyncClient(transport=transport, base_url="https://portal.test") as client:
        return await client.request(method, "/", headers={"If-None-Match": known} if known else {})


async def test_equal_bytes_have_equal_etags_and_others_have_others() -> None:
    one, same, other = [(await asked(Application(body))).headers["etag"] for body in (b"a", b"a", b"b")]

    assert one == same != other


async def test_what_is_known_is_not_sent_again() -> None:
    application = Application(b"a", headers={"Content-Type": "text/plain", "Set-Cookie": "a=b"})
    tag = (await asked(application)).headers["etag"]
    answer = await asked(application, known=tag)

    assert (answer.status_code, answer.content) == (304, b"")
    assert "content-type" not in answer.headers
    assert answer.headers["set-cookie"] == "a=b"


async def test_an_etag_and_a_cache_rule_that_are_there_are_left_alone() -> None:
    application = Application(b"a", headers={"ETag": '"mine"', "Cache-Control": "public"})
    answer = await asked(application)

    assert (answer.headers["etag"], answer.headers["cache-control"]) == ('"mine"', "public")
    assert (await asked(application, known='"mine"')).status_code == 304


@pytest.mark.parametrize("status", [201, 302, 401, 404, 500])
async def test_only_what_was_found_has_an_etag(status: int) -> None:
    answer = await asked(Application(b"a", status=status), known="*")

    assert answer.status_code == status
    assert "etag" not in answer.headers


async def test_a_change_is_never_answered_with_not_modified() -> None:
    assert (await asked(Application(b"a"), "POST", "*")).status_code == 200


async def test_a_stream_passes_as_it_is() -> None:
    answer = await asked(Application(b"a", b"b", b"c"), known="*")

    assert (answer.status_code, answer.content) == (200, b"abc")


async def test_head_is_get_without_content() -> None:
    application = Application(b"a", b"b")

    assert (await asked(application, "HEAD")).content == b""
    assert application.methods == ["GET"]


@pytest.mark.parametrize(
    ("known", "same"),
    [
        ([], False),
        (['"a"'], True),
        (['W/"a"'], True),
        (['"b", "a"'], True),
        (['"b"', '"a"'], True),
        (["*"], True),
        (['"b"'], False),
        (["a"], False),
    ],
)
def test_tags_are_compared_weakly(known: list[str], same: bool) -> None:
    assert matches(known, '"a"') is same
