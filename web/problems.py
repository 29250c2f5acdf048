"""Errors as `application/problem+json` (RFC 9457): what went wrong, and nothing of what only we should know."""

import logging
import math
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog
from litestar import Response
from litestar.exceptions import HTTPException
from litestar.status_codes import HTTP_401_UNAUTHORIZED, HTTP_500_INTERNAL_SERVER_ERROR

from web.pipeline import AnyRequest

PROBLEM_JSON = "application/problem+json"

RETRY_SOON = {"Retry-After": "5"}

CHALLENGE = "Cookie"
"""What a 401 asks for (RFC 9110, 15.5.2). Browsers leave a scheme that they do not know to the page."""

log = structlog.get_logger(__name__)


class ProblemDetails(NamedTuple):
    """An error as it is answered."""

    status: int
    detail: str
    headers: Mapping[str, str] = {}
    members: Mapping[str, Any] = {}
    """What is said beside the members that all problems have."""


INTERNAL_ERROR = ProblemDetails(
    HTTP_500_INTERNAL_SERVER_ERROR, "The server made a mistake. It has been noted."
)


def from_http_exception(error: HTTPException) -> ProblemDetails:
    """Return what an error of the framework is told as."""
    if error.status_code >= HTTP_500_INTERNAL_SERVER_ERROR:
        return INTERNAL_ERROR
    members = {"errors": error.extra} if isinstance(error.extra, list) and error.extra else {}
    return ProblemDetails(error.status_code, error.detail, error.headers or {}, members)


def response(problem: ProblemDetails, challenge: str = CHALLENGE) -> Response[Any]:
    """Return an error as JSON. A 401 asks for a `challenge` (RFC 9110, 11.6.1)."""
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


def log_error(request: AnyRequest, status: int, error: Exception) -> None:
    """Log what is our fault; neither query nor body, which may hold what is nobody's business."""
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


def retry_after_seconds(wait: timedelta) -> int:
    """Return a time to wait, for Retry-After: never too short, never 0."""
    return max(1, math.ceil(wait.total_seconds()))
