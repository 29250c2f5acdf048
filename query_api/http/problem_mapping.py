"""Mapping of the customer surface's exceptions to problem details (RFC 9457)."""

from litestar.exceptions import HTTPException
from litestar.status_codes import (
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_409_CONFLICT,
    HTTP_429_TOO_MANY_REQUESTS,
    HTTP_503_SERVICE_UNAVAILABLE,
)

from query_api.calendar.errors import CalendarFeedsDisabled
from query_api.payments.errors import DETAILS, InvalidSignature, NotPayable, PaymentProviderUnavailable
from query_api.payments.stripe_api import StripeUnavailable
from query_api.sign_in.errors import (
    AccountChoiceRequired,
    InvalidCredentials,
    InvalidEmail,
    SignInDisabled,
    TooManyAttempts,
)
from read_models.queries import InvalidCursor
from read_models.store import StoreUnavailable
from web.problems import INTERNAL_ERROR, RETRY_SOON, ProblemDetails, from_http_exception, retry_after_seconds


class NotReady(Exception):
    """There are no views of this version to serve, yet."""


def to_problem(error: Exception) -> ProblemDetails:
    """Return what an error is told as."""
    match error:
        case InvalidCredentials():
            return ProblemDetails(
                HTTP_401_UNAUTHORIZED, "The code or link is wrong, was used, or has expired."
            )
        case AccountChoiceRequired():
            return ProblemDetails(
                HTTP_409_CONFLICT,
                "The address belongs to several accounts: repeat with the customer_id of one of them.",
                members={"accounts": error.accounts},
            )
        case TooManyAttempts():
            return ProblemDetails(
                HTTP_429_TOO_MANY_REQUESTS,
                "Too many tries. Please wait before the next one.",
                {"Retry-After": str(retry_after_seconds(error.retry_after))},
            )
        case InvalidEmail():
            return ProblemDetails(HTTP_400_BAD_REQUEST, "email: this is not an e-mail address.")
        case InvalidCursor():
            message = "This is no cursor of this list."
            errors = [{"message": message, "key": "cursor", "source": "query"}]
            return ProblemDetails(HTTP_400_BAD_REQUEST, f"cursor: {message}", members={"errors": errors})
        case SignInDisabled():
            return ProblemDetails(HTTP_503_SERVICE_UNAVAILABLE, "Sign-in is not set up.")
        case CalendarFeedsDisabled():
            return ProblemDetails(HTTP_503_SERVICE_UNAVAILABLE, "Calendar feeds are not set up.")
        case NotPayable():
            members = {"reason": error.reason} | ({"due": error.due} if error.due else {})
            return ProblemDetails(HTTP_409_CONFLICT, DETAILS[error.reason], members=members)
        case InvalidSignature():
            return ProblemDetails(HTTP_400_BAD_REQUEST, "The signature does not fit the body, or is too old.")
        case PaymentProviderUnavailable() | StripeUnavailable():
            return ProblemDetails(
                HTTP_503_SERVICE_UNAVAILABLE,
                "The payment provider does not answer. Nothing was charged; please try again.",
                RETRY_SOON,
            )
        case NotReady():
            return ProblemDetails(HTTP_503_SERVICE_UNAVAILABLE, "The portal is being prepared.", RETRY_SOON)
        case StoreUnavailable():
            return ProblemDetails(
                HTTP_503_SERVICE_UNAVAILABLE, "The portal cannot be reached for a moment.", RETRY_SOON
            )
        case HTTPException():
            return from_http_exception(error)
    return INTERNAL_ERROR
