"""Answers to what fails, and what they go through."""

from typing import Any, cast

import httpx
import pytest
from litestar import Response
from litestar.types import HTTPScope, Receive, Scope, Send

from web.pipeline import REVALIDATE, AnyRequest, BufferedResponse, ResponsePipeline


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


def marked(_scope: HTTPScope, answer: BufferedResponse) -> None:
    answer.headers.append((b"x-status", b"%d" % answer.status))


async def asked(parts: int) -> httpx.Response:
    transport = httpx.ASGITransport(cast("Any", ResponsePipeline(Failing(parts), sorry, steps=(marked,))))
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


class Text:
    """An answer that is made already."""

    def __init__(self, content: bytes) -> None:
        self.content = content

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": [(b"x-step", b"none")]})
        await send({"type": "http.response.body", "body": self.content, "more_body": False})


class FakeRouter:
    """A router with one route, whose handler leaves how it is asked again."""

    def __init__(self) -> None:
        self.routed = 0
        self.text = Text(b"one")
        self.broken = False

    async def __call__(self, scope: Any, receive: Receive, send: Send) -> None:
        self.routed += 1
        scope["path_template"] = "/there"
        scope["state"][REVALIDATE] = self.again
        await (await self.again(scope))(scope, receive, send)

    async def again(self, _scope: HTTPScope) -> Text:
        if self.broken:
            raise Broken
        return self.text


class Steps:
    """Counts what it completes."""

    def __init__(self) -> None:
        self.taken = 0

    def __call__(self, _scope: HTTPScope, answer: BufferedResponse) -> None:
        self.taken += 1
        answer.headers.append((b"x-step", b"%d" % self.taken))


class Service:
    """Such a router behind the layer."""

    def __init__(self) -> None:
        self.router, self.steps = FakeRouter(), Steps()
        self.measured: list[tuple[str, str, int]] = []
        self.layer = ResponsePipeline(
            cast("Any", self.router), sorry, steps=(self.steps,), measure=cast("Any", self._measure)
        )

    def _measure(self, method: str, scope: Any, status: int, _seconds: float) -> None:
        self.measured.append((method, scope.get("path_template"), status))

    async def answer(self, method: str = "GET", **headers: str) -> httpx.Response:
        """The answer to a request with these headers."""
        transport = httpx.ASGITransport(cast("Any", self.layer))
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        async with httpx.AsyncClient(transport=transport, base_url="https://portal.test") as client:
            return await client.request(method, "/there", headers=named)


async def test_what_is_asked_again_goes_past_the_router() -> None:
    """It is asked of the handler each time, and completed once for as long as the answer is the same."""
    service = Service()
    first, second = await service.answer(), await service.answer()
    service.router.text = Text(b"two")
    third, fourth = await service.answer(), await service.answer()

    assert [one.text for one in (first, second, third, fourth)] == ["one", "one", "two", "two"]
    assert [one.headers.get_list("x-step")[-1] for one in (first, second, third, fourth)] == [
        "1",
        "1",
        "2",
        "2",
    ]
    assert service.router.routed == 1
    assert service.measured == [("GET", "/there", 200)] * 4


async def test_each_request_has_one_name_of_its_own() -> None:
    """The one that a proxy gave, else another each time."""
    service = Service()
    names = [(await service.answer()).headers.get_list("x-request-id") for _ in range(3)]
    given = (await service.answer(x_request_id="from-a-proxy")).headers.get_list("x-request-id")
    unfit = (await service.answer(x_request_id="no name")).headers.get_list("x-request-id")

    assert given == ["from-a-proxy"]
    assert len({*map(tuple, names), tuple(unfit)}) == 4
    assert all(len(name) == 20 for (name,) in [*names, unfit])


@pytest.mark.parametrize("header", ["cookie", "host", "accept_encoding"])
async def test_who_asks_otherwise_is_somebody_else(header: str) -> None:
    """What an answer may depend on tells requests apart; what else they say does not."""
    service = Service()
    await service.answer(**{header: "one"})
    await service.answer(**{header: "one"}, user_agent="another")
    assert service.router.routed == 1

    await service.answer(**{header: "other"})
    assert service.router.routed == 2


async def test_a_condition_is_looked_at_each_time() -> None:
    """It is for the steps, past the router or not; what they make of it is nobody else's answer."""
    service = Service()
    await service.answer()
    conditional = await service.answer(if_none_match="*")

    assert (conditional.headers.get_list("x-step")[-1], service.router.routed) == ("2", 1)


async def test_head_of_what_is_known_has_no_content() -> None:
    service = Service()
    whole, head = await service.answer(), await service.answer("HEAD")

    assert (whole.text, head.text, service.router.routed) == ("one", "", 1)
    assert head.headers.get_list("x-step") == whole.headers.get_list("x-step")
    assert service.measured[-1] == ("HEAD", "/there", 200)


async def test_what_fails_when_asked_again_is_an_error() -> None:
    """And is not remembered: once it works, it is answered as before."""
    service = Service()
    await service.answer()
    service.router.broken = True
    failed = await service.answer()
    service.router.broken = False

    assert (failed.status_code, failed.text) == (500, "sorry")
    assert (await service.answer()).text == "one"


async def test_what_is_very_long_is_not_remembered() -> None:
    """Nobody fills the memory."""
    service = Service()
    for _ in range(2):
        await service.answer(cookie="a" * 5_000)

    assert service.router.routed == 2
