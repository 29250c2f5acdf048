"""Errors as `application/problem+json` (RFC 9457): what went wrong, and nothing of what only we should know."""

import logging
import math
from collections.abc import Mapping
from datetime import timedelta
from http import HTTPStatus
from typing import Any, NamedTuple

import structlog
from litestar import Request, Response
from litestar.datastructures import State
from litestar.exceptions import HTTPException
from litestar.status_codes import (
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_409_CONFLICT,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_500_INTERNAL_SERVER_ERROR,
    HTTP_503_SERVICE_UNAVAILABLE,
)

from query_api.calendar.errors import FeedsOff
from query_api.payments.errors import DETAILS, CannotPay, NotSigned, ProviderAway
from query_api.payments.stripe_api import StripeAway
from query_api.sign_in.errors import Limited, NotAnAddress, Refused, SeveralAccounts, SignInOff
from read_models.store import Unavailable

PROBLEM_JSON = "application/problem+json"

log = structlog.get_logger(__name__)


class NotReady(Exception):
    """There are no views of this version to serve, yet."""


class Problem(NamedTuple):
    """An error as it is answered."""

    status: int
    detail: str
    headers: Mapping[str, str] = {}
    members: Mapping[str, Any] = {}
    """What is said beside the members that all problems have."""


RETRY_SOON = {"Retry-After": "5"}


def problem_of(error: Exception) -> Problem:
    """What an error is told as."""
    match error:
        case Refused():
            return Problem(HTTP_401_UNAUTHORIZED, "The code or link is wrong, was used, or has expired.")
        case SeveralAccounts():
            return Problem(
                HTTP_409_CONFLICT,
                "The address belongs to several accounts: repeat with the customer_id of one of them.",
                members={"accounts": error.accounts},
            )
        case Limited():
            return Problem(
                HTTP_429_TOO_MANY_REQUESTS,
                "Too many tries. Please wait before the next one.",
                {"Retry-After": str(seconds(error.retry_after))},
            )
        case NotAnAddress():
            return Problem(HTTP_400_BAD_REQUEST, "email: this is not an e-mail address.")
        case SignInOff():
            return Problem(HTTP_503_SERVICE_UNAVAILABLE, "Sign-in is not set up.")
        case FeedsOff():
            return Problem(HTTP_503_SERVICE_UNAVAILABLE, "Calendar feeds are not set up.")
        case CannotPay():
            members = {"reason": error.reason} | ({"due": error.due} if error.due else {})
            return Problem(HTTP_409_CONFLICT, DETAILS[error.reason], members=members)
        case NotSigned():
            return Problem(HTTP_400_BAD_REQUEST, "The signature does not fit the body, or is too old.")
        case ProviderAway() | StripeAway():
            return Problem(
                HTTP_503_SERVICE_UNAVAILABLE,
                "The payment provider does not answer. Nothing was charged; please try again.",
                RETRY_SOON,
            )
        case NotReady():
            return Problem(HTTP_503_SERVICE_UNAVAILABLE, "The portal is being prepared.", RETRY_SOON)
        case Unavailable():
            return Problem(
                HTTP_503_SERVICE_UNAVAILABLE, "The portal cannot be reached for a moment.", RETRY_SOON
            )
        case HTTPException() if error.status_code < HTTP_500_INTERNAL_SERVER_ERROR:
            return _of_http(error)
    return Problem(HTTP_500_INTERNAL_SERVER_ERROR, "The server made a mistake. It has been noted.")


def response(problem: Problem) -> Response[Any]:
    """An error as JSON."""
    content = {
        "type": "about:blank",
        "title": HTTPStatus(problem.status).phrase,
        "status": problem.status,
        "detail": problem.detail,
        **problem.members,
    }
    headers = dict(problem.headers)
    if problem.status == HTTP_401_UNAUTHORIZED:
        # RFC 9110, 11.6.1, asks for a challenge; browsers leave one of a scheme they do not know to the page.
        headers["WWW-Authenticate"] = "Cookie"
    return Response(content, status_code=problem.status, headers=headers, media_type=PROBLEM_JSON)


def note(request: Request[Any, Any, State], status: int, error: Exception) -> None:
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


def _of_http(error: HTTPException) -> Problem:
    members = {"errors": error.extra} if isinstance(error.extra, list) and error.extra else {}
    return Problem(error.status_code, error.detail, error.headers or {}, members)
