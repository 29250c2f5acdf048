"""How answers leave: errors are answered like everything else, and every answer is completed, whoever made it."""

from collections.abc import Awaitable, Callable, Sequence
from typing import Any

from litestar import Request, Response
from litestar.datastructures import State
from litestar.enums import ScopeType
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

AnyRequest = Request[Any, Any, State]

Header = tuple[bytes, bytes]
"""Name, in lower case, and value."""


class Answer:
    """The head of an answer and the first of its content, before any of it is sent: to be completed in place."""

    __slots__ = ("body", "headers", "status", "whole")

    def __init__(self, start: HTTPResponseStartEvent, first: HTTPResponseBodyEvent) -> None:
        self.status = start["status"]
        self.headers: list[Header] = [(name.lower(), value) for name, value in start["headers"]]
        self.body = first["body"]
        self.whole = not first["more_body"]
        """Whether `body` is all of its content."""

    def header(self, name: bytes) -> bytes | None:
        """The value of the first header of a name; None when there is none."""
        for known, value in self.headers:
            if known == name:
                return value
        return None

    def add_missing(self, headers: Sequence[Header]) -> None:
        """Adds those whose name it does not have."""
        known = dict(self.headers)
        self.headers += [header for header in headers if header[0] not in known]


Step = Callable[[HTTPScope, Answer], None]
"""Completes the answer to a request."""


class Answered:
    """ASGI middleware: whatever is raised behind it is answered, and each answer goes through the steps in turn."""

    def __init__(
        self,
        app: ASGIApp,
        answer: Callable[[AnyRequest, Exception], Awaitable[Response[Any]]],
        *steps: Step,
    ) -> None:
        """`answer` makes the answer to an error."""
        self._app = app
        self._answer = answer
        self._steps = steps

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; where that fails before anything was sent, answers the error."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        asked: HTTPScope = scope
        held: HTTPResponseStartEvent | None = None
        sent = False

        async def completed(message: Message) -> None:
            nonlocal held, sent
            if message["type"] == "http.response.start":
                # Held until the content is there, which the head may depend on.
                held = message
                return
            if held is not None and message["type"] == "http.response.body":
                answer = Answer(held, message)
                for step in self._steps:
                    step(asked, answer)
                held["status"], held["headers"] = answer.status, answer.headers
                message["body"] = answer.body
                sent = True
                await send(held)
                held = None
            await send(message)

        try:
            await self._app(scope, receive, completed)
        except Exception as error:
            if sent:
                raise
            request: AnyRequest = Request(scope, receive, send)
            response = await self._answer(request, error)
            await response.to_asgi_response(None, request)(scope, receive, completed)
