"""Answers to what fails, and what they go through."""

from typing import Any, cast

import httpx
import pytest
from litestar import Response
from litestar.types import HTTPScope, Receive, Scope, Send

from web.answers import Answer, Answered, AnyRequest


class Broken(Exception):
    pass


class Failing:
    """Begins an answer, sends so many parts of its content, and breaks."""

    def __init__(self, parts: int) -> None:
        self.parts = parts

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"X-Begun", b"yes")]})
        for _ in range(self.parts):
            await send({"type": "http.response.body", "body": b"part", "more_body": True})
        raise Broken


async def sorry(_request: AnyRequest, _error: Exception) -> Response[Any]:
    return Response("sorry", status_code=500, media_type="text/plain")


def marked(_scope: HTTPScope, answer: Answer) -> None:
    answer.headers.append((b"x-status", b"%d" % answer.status))


async def asked(parts: int) -> httpx.Response:
    transport = httpx.ASGITransport(cast("Any", Answered(Failing(parts), sorry, marked)))
    async with httpx.AsyncClient(transport=transport, base_url="https://portal.test") as client:
        return await client.get("/")


async def test_what_fails_before_its_content_is_there_is_an_error() -> None:
    """Nothing of an answer that was only begun is seen, and the error goes through the steps as any other answer."""
    answer = await asked(parts=0)

    assert (answer.status_code, answer.text) == (500, "sorry")
    assert answer.headers["x-status"] == "500"
    assert "x-begun" not in answer.headers


async def test_what_fails_in_the_middle_is_cut_off() -> None:
    """What was sent cannot be taken back: the server has to end the connection."""
    with pytest.raises(Broken):
        await asked(parts=1)
