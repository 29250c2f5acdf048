"""Error responses of the staff surface: JSON for programs, a page for browsers."""

from http import HTTPStatus
from typing import Any

from litestar import Response
from litestar.exceptions import HTTPException, NotAuthorizedException
from litestar.response import Redirect
from litestar.status_codes import (
    HTTP_303_SEE_OTHER,
    HTTP_401_UNAUTHORIZED,
    HTTP_404_NOT_FOUND,
    HTTP_409_CONFLICT,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_503_SERVICE_UNAVAILABLE,
)

from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.log_reader import RecordsMissing
from projectors.kafka.topology import InvalidTopics
from projectors.log_compatibility import LogMismatch
from projectors.operations.hold_release import RetryFailed
from projectors.operations.quarantine import DeadLetterNotFound
from projectors.staff.authentication import SIGN_IN
from projectors.staff.operators import TooManyTokenAttempts
from projectors.staff.service import OperationTimedOut
from projectors.staff.templating import page
from read_models.store import OperationRefused, StoreUnavailable
from web import problems
from web.origin import SAFE_METHODS
from web.pipeline import AnyRequest
from web.problems import INTERNAL_ERROR, RETRY_SOON, ProblemDetails, from_http_exception, retry_after_seconds


def problem_from_error(error: Exception) -> ProblemDetails:
    """Return the problem details of an error."""
    match error:
        case NotAuthorizedException():
            return ProblemDetails(HTTP_401_UNAUTHORIZED, "A valid token is needed.")
        case TooManyTokenAttempts():
            wait = {"Retry-After": str(retry_after_seconds(error.retry_after))}
            return ProblemDetails(
                HTTP_429_TOO_MANY_REQUESTS, "Too many wrong tokens. Please wait before the next try.", wait
            )
        case DeadLetterNotFound():
            return ProblemDetails(HTTP_404_NOT_FOUND, str(error))
        case OperationRefused() | RetryFailed() | RecordsMissing() | LogMismatch():
            return ProblemDetails(HTTP_409_CONFLICT, str(error))
        case StoreUnavailable():
            return ProblemDetails(
                HTTP_503_SERVICE_UNAVAILABLE,
                "MongoDB does not answer. Nothing is known of it now.",
                RETRY_SOON,
            )
        case KafkaUnavailable() | InvalidTopics() | OperationTimedOut():
            return ProblemDetails(HTTP_503_SERVICE_UNAVAILABLE, str(error), RETRY_SOON)
        case HTTPException():
            return from_http_exception(error)
    return INTERNAL_ERROR


async def answer(request: AnyRequest, error: Exception) -> Response[Any]:
    """Return an error response: JSON for API paths, else a page or a redirect to sign-in."""
    problem = problem_from_error(error)
    problems.log_error(request, problem.status, error)
    path = request.scope["path"]
    if path.startswith("/api/") or path == "/metrics":
        return problems.response(problem, challenge="Bearer")
    if problem.status == HTTP_401_UNAUTHORIZED and request.method in SAFE_METHODS:
        return Redirect(SIGN_IN, status_code=HTTP_303_SEE_OTHER)
    title = HTTPStatus(problem.status).phrase
    response = page("problem_page.html", {"title": title, "detail": problem.detail}, status=problem.status)
    response.headers.update(problem.headers)
    return response
