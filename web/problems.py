"""Errors as `application/problem+json` (RFC 9457): what went wrong, and nothing of what only we should know."""

import logging
import math
from collections.abc import Awaitable, Callable, Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple, NoReturn

import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_401_UNAUTHORIZED, HTTP_500_INTERNAL_SERVER_ERROR
from litestar.types import ASGIApp, Message, Receive, Scope, Send

PROBLEM_JSON = "application/problem+json"

RETRY_SOON = {"Retry-After": "5"}

log = structlog.get_logger(__name__)

AnyRequest = Request[Any, Any, State]


class Problem(NamedTuple):
    """An error as it is answered."""

    status: int
    detail: str
    headers: Mapping[str, str] = {}
    members: Mapping[str, Any] = {}
    """What is said beside the members that all problems have."""


MISTAKE = Problem(HTTP_500_INTERNAL_SERVER_ERROR, "The server made a mistake. It has been noted.")


def of_http(error: HTTPException) -> Problem:
    """What an error of the framework is told as."""
    if error.status_code >= HTTP_500_INTERNAL_SERVER_ERROR:
        return MISTAKE
    members = {"errors": error.extra} if isinstance(error.extra, list) and error.extra else {}
    return Problem(error.status_code, error.detail, error.headers or {}, members)


def response(problem: Problem, challenge: str = "Cookie") -> Response[Any]:
    """An error as JSON. A 401 asks for a `challenge` (RFC 9110, 11.6.1).

    Browsers leave one of a scheme they do not know to the page.
    """
    content = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.members,
    }
    headers = dict(problem.headers)
    if problem.status == HTTP_401_UNAUTHORIZED:
        headers["WWW-Authenticate"] = challenge
    return Response(content, status_code=problem.status, headers=headers, media_type=PROBLEM_JSON)


def note(request: AnyRequest, status: int, error: Exception) -> None:
    """Logs what is our fault; neither query nor body, which may hold what is nobody's business."""
    if status < HTTP_500_INTERNAL_SERVER_ERROR:
        return
    ours = status == HTTP_500_INTERNAL_SERVER_ERROR
    log.log(
        logging.ERROR if ours else logging.WARNING,
        "request.failed",
        method=request.method,
        route=request.scope.get("path_template"),
        status=status,
        error=type(error).__name__,
        exc_info=error if ours else None,
    )


def seconds(wait: timedelta) -> int:
    """A time to wait, for Retry-After: never too short, never 0."""
    return max(1, math.ceil(wait.total_seconds()))


def pass_on(_request: Request[Any, Any, Any], error: Exception) -> NoReturn:
    """Litestar's exception handler: it may not wait, and pages have to; `Answered` may."""
    raise error


class Answered:
    """ASGI middleware: whatever is raised behind it is answered."""

    def __init__(
        self, app: ASGIApp, answer: Callable[[AnyRequest, Exception], Awaitable[Response[Any]]]
    ) -> None:
        """`answer` makes the answer to an error."""
        self._app = app
        self._answer = answer

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; where that fails before anything was answered, answers the error."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if started or scope["type"] != ScopeType.HTTP:
                raise
            request: AnyRequest = Request(scope, receive, send)
            response = await self._answer(request, error)
            await response.to_asgi_response(None, request)(scope, receive, send)
