"""Request and response pipeline: one layer around each surface's router (ASGI).

Layers are paid for with every request, each with a frame and a `send` of its own; checks and steps are calls.
"""

import time
from collections.abc import Awaitable, Callable, Sequence
from typing import Any, NamedTuple, Protocol

import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED
from litestar.types import (
    ASGIApp,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    HTTPScope,
    Message,
    Receive,
    Scope,
    Send,
)

from web.request_headers import request_headers
from web.request_id import HEADER, RequestIds

AnyRequest = Request[Any, Any, State]

HEAD_REQUEST = "content_unwanted"
"""Is in the state of a HEAD request, for handlers whose content costs much to make."""

CONTENT_HEADERS = frozenset({b"content-type", b"content-length", b"content-encoding"})
"""What describes content, and so is not said where there is none."""

Header = tuple[bytes, bytes]
"""Name, in lower case, and value."""


class BufferedResponse:
    """The head of an answer and the first of its content, before any of it is sent: to be completed in place."""

    __slots__ = ("body", "headers", "status", "whole")

    def __init__(self, start: HTTPResponseStartEvent, first: HTTPResponseBodyEvent) -> None:
        self.status = start["status"]
        self.headers: list[Header] = [(name.lower(), value) for name, value in start["headers"]]
        self.body = first["body"]
        self.whole = not first["more_body"]
        """Whether `body` is all of its content."""

    def header(self, name: bytes) -> bytes | None:
        """Return the value of the first header of a name; None when there is none."""
        for known, value in self.headers:
            if known == name:
                return value
        return None

    def add_missing(self, headers: Sequence[Header]) -> None:
        """Add those whose name it does not have."""
        known = dict(self.headers)
        self.headers += [header for header in headers if header[0] not in known]

    def empty(self) -> None:
        """Take the content away, and what is said of it."""
        self.body = b""
        self.headers = [header for header in self.headers if header[0] not in CONTENT_HEADERS]


RequestCheck = Callable[[HTTPScope], Awaitable[None]]
"""Looks at a request before it is passed on; what it raises is answered."""

ResponseStep = Callable[[HTTPScope, BufferedResponse], None]
"""Completes the answer to a request."""

OnResponse = Callable[[str, HTTPScope, int, float], None]
"""Is told of each answer that has ended: the method that was asked with, the request, the status, the seconds."""


class PrebuiltResponse(Protocol):
    """An answer that is made already, as an ASGI application."""

    content: bytes
    """The same object for as long as the answer is the same."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""


Revalidate = Callable[[HTTPScope], Awaitable[PrebuiltResponse]]
"""Answers requests that are like an earlier one, by what the checks have left in their state and what is stored now."""

REVALIDATE = "again"
"""Where a handler leaves that in a request's state."""

MAX_MEMOIZED = 5_000
MAX_MEMO_KEY = 4_000
"""Characters."""


class MemoizedResponse(NamedTuple):
    """Memoized response, for requests with the same key.

    Dashboards per second of one process in three runs of `make bench PARTS=reading`: 6,135 / 5,921 / 6,137 with the
    memo, 3,674 / 5,420 / 4,688 without (median +31 %); as a multiple of FastAPI + Motor in the same run: 5.6 / 5.0 /
    4.6 with it, 3.7 / 4.3 / 3.4 without.
    """

    again: Revalidate
    content: bytes
    """What it gave, before the steps."""
    route: str
    headers: Sequence[Header]
    body: bytes


class ResponsePipeline:
    """The one layer around a surface's router: requests are checked, answers completed and measured.

    Whatever is raised behind it is answered, and goes through the steps as any other answer. HEAD is answered as GET,
    without the content (RFC 9110, 9.3.2), and so is what is Not Modified. Every answer has its request's name, and so
    has all that is logged meanwhile.

    Where the handler of a route has left how it is asked again, requests like the first go past the router; while it
    answers the same, the head and the coding are known, too.
    """

    def __init__(
        self,
        app: ASGIApp,
        answer: Callable[[AnyRequest, Exception], Awaitable[Response[Any]]],
        *,
        checks: Sequence[RequestCheck] = (),
        steps: Sequence[ResponseStep] = (),
        measure: OnResponse | None = None,
    ) -> None:
        """`answer` makes the answer to an error."""
        self._app = app
        self._answer = answer
        self._checks = checks
        self._steps = steps
        self._measure = measure
        self._names = RequestIds()
        self._known: dict[Likeness, MemoizedResponse] = {}

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on; where that fails before anything was sent, answer the error."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        begun = time.perf_counter()
        asked: HTTPScope = scope
        method, status = asked["method"], 500
        name = self._names.of(request_headers(asked))
        held: HTTPResponseStartEvent | None = None
        sent = False
        if method == "HEAD":
            asked["method"] = "GET"
            asked["state"][HEAD_REQUEST] = True

        async def completed(message: Message) -> None:
            nonlocal held, sent, status
            if message["type"] == "http.response.start":
                # Held until the content is there, which the head may depend on.
                held = message
                return
            if message["type"] == "http.response.body":
                if held is not None:
                    answer = BufferedResponse(held, message)
                    content = answer.body
                    for step in self._steps:
                        step(asked, answer)
                    if answer.status == HTTP_304_NOT_MODIFIED:
                        # Not before the steps: the rest of the head is as with the content (RFC 9110, 15.4.5).
                        answer.empty()
                    self._remember(asked, content, answer)
                    status = held["status"] = answer.status
                    held["headers"] = [*answer.headers, (HEADER, name)]
                    message["body"] = answer.body
                    sent = True
                    await send(held)
                    held = None
                if method == "HEAD":
                    message["body"] = b""
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=name.decode())
        try:
            for check in self._checks:
                await check(asked)
            known = self._known.get(memo_key(asked)) if asked["method"] == "GET" else None
            if known is None:
                await self._app(scope, receive, completed)
                return
            asked["path_template"] = known.route
            made = await known.again(asked)
            if made.content is known.content and b"if-none-match" not in request_headers(asked):
                status, sent = HTTP_200_OK, True
                body = b"" if method == "HEAD" else known.body
                headers = [*known.headers, (HEADER, name)]
                await send({"type": "http.response.start", "status": status, "headers": headers})
                await send({"type": "http.response.body", "body": body, "more_body": False})
            else:
                asked["state"][REVALIDATE] = known.again
                await made(scope, receive, completed)
        except Exception as error:
            if sent:
                raise
            request: AnyRequest = Request(scope, receive, send)
            response = await self._answer(request, error)
            await response.to_asgi_response(None, request)(scope, receive, completed)
        finally:
            if self._measure is not None:
                self._measure(method, asked, status, time.perf_counter() - begun)
            structlog.contextvars.reset_contextvars(**bound)

    def _remember(self, scope: HTTPScope, content: bytes, answer: BufferedResponse) -> None:
        again = scope["state"].get(REVALIDATE)
        if again is None or not answer.whole or answer.status != HTTP_200_OK:
            return
        like = memo_key(scope)
        if sum(len(part or "") for part in like) > MAX_MEMO_KEY:
            return
        if len(self._known) >= MAX_MEMOIZED:
            self._known.clear()
        self._known[like] = MemoizedResponse(
            again, content, scope["path_template"], answer.headers, answer.body
        )


Likeness = tuple[str, bytes, bytes | None, bytes | None, bytes | None]


def memo_key(scope: HTTPScope) -> Likeness:
    """Return all of a request that its whole answer may depend on: checks, steps and who is asked again read no more
    of it.

    But for If-None-Match: there may be many for one answer, which is completed for each.
    """
    headers = request_headers(scope)
    return (
        scope["path"],
        scope["query_string"],
        headers.get(b"host"),
        headers.get(b"cookie"),
        headers.get(b"accept-encoding"),
    )
