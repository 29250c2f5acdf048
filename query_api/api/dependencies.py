"""Request dependencies of lists and details: session, page of a list, query context, response."""

from typing import Annotated, Any, TypeVar

import orjson
from litestar import Request
from litestar.connection import ASGIConnection
from litestar.datastructures import State
from litestar.di import Provide
from litestar.exceptions import NotAuthorizedException, NotFoundException, ValidationException
from litestar.handlers import BaseRouteHandler
from litestar.openapi import ResponseSpec
from litestar.params import QueryParameter
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_400_BAD_REQUEST,
    HTTP_401_UNAUTHORIZED,
    HTTP_404_NOT_FOUND,
)

from query_api.api.schemas.lists import ProblemSchema
from query_api.http.prebuilt_response import PrebuiltJson
from query_api.http.tenant_middleware import BUSINESS, ORIGIN
from query_api.services import services_of
from query_api.sign_in.cookies import session_token
from query_api.sign_in.sessions import Session
from read_models.documents import Doc
from read_models.queries import LONGEST_CURSOR, PageQuery, QueryContext
from read_models.queries.portal import CustomerScope
from web.problems import PROBLEM_JSON

AnyRequest = Request[Any, Any, State]

T = TypeVar("T")


def business_of(request: AnyRequest) -> Doc:
    """Return the business whose portal the request is for."""
    business: Doc = request.scope["state"][BUSINESS]
    return business


def origin_of(request: AnyRequest) -> str:
    """Return the origin (RFC 6454) that the request was sent to: the portal's public one, or the business's own
    host's."""
    origin: str = request.scope["state"][ORIGIN]
    return origin


async def session_or_401(request: AnyRequest) -> Session:
    """Return who is signed in; raises NotAuthorizedException when nobody is."""
    business = business_of(request)
    sessions = services_of(request).sessions
    return found_or_401(await sessions.find(business, session_token(request, business)))


def found_or_401(found: T | None) -> T:
    """Return the session, or its token, that was found; raises NotAuthorizedException when there is none."""
    if found is None:
        raise NotAuthorizedException("Nobody is signed in.")
    return found


SESSION = "session"
"""Where the session is found in a request's state."""

DEFAULT_LIMIT = 25


async def require_session(
    connection: ASGIConnection[Any, Any, Any, State], _handler: BaseRouteHandler
) -> None:
    """Guard: raises NotAuthorizedException when nobody is signed in, before anything else is looked at."""
    request: AnyRequest = Request(connection.scope)
    connection.scope["state"][SESSION] = await session_or_401(request)


def session_of(request: AnyRequest) -> Session:
    """Return who is signed in, behind `require_session`."""
    session: Session = request.scope["state"][SESSION]
    return session


def provide_reading(request: AnyRequest) -> QueryContext:
    """Return what the signed-in customer may read, as of now."""
    return query_context(request, session_of(request).scope)


def query_context(request: AnyRequest, scope: CustomerScope) -> QueryContext:
    """Return what a customer of the request's business may read, as of now."""
    return services_of(request).query_context(scope, business_of(request))


def page_query_dependency(default: int) -> dict[str, Provide]:
    """Return the dependency of a list of which so many items are given where nobody says how many."""

    def provide_part(
        request: AnyRequest,
        limit: Annotated[
            int, QueryParameter(ge=1, le=100, description="How many items there are at most.")
        ] = default,
        cursor: Annotated[
            str | None,
            QueryParameter(
                max_length=LONGEST_CURSOR, description="`next` of the part before; none for the first."
            ),
        ] = None,
    ) -> PageQuery:
        """Return the requested page of a list (docs/contracts/api.md, Lists).

        Raises ValidationException, which names the parameter, and InvalidCursor.
        """
        known = {"limit", "cursor", *request.route_handler.opt.get("filters", ())}
        for name in request.query_params:
            if name not in known:
                raise invalid_parameter(name, "This list has no such filter.")
        return PageQuery.from_cursor(cursor, limit)

    return {"part": Provide(provide_part, sync_to_thread=False)}


def invalid_parameter(name: str, message: str) -> ValidationException:
    """Return a query parameter that cannot be answered, told as those that do not fit their type."""
    return ValidationException(
        f"{name}: {message}", extra=[{"message": message, "key": name, "source": "query"}]
    )


PART = page_query_dependency(DEFAULT_LIMIT)
"""The dependency of most lists."""


PROBLEMS = {
    status: ResponseSpec(
        ProblemSchema, generate_examples=False, description=description, media_type=PROBLEM_JSON
    )
    for status, description in (
        (HTTP_400_BAD_REQUEST, "A filter, limit or cursor is wrong; `errors` names it."),
        (HTTP_401_UNAUTHORIZED, "Nobody is signed in to this business."),
        (HTTP_404_NOT_FOUND, "The customer has no such record, or the business no portal."),
    )
}
"""What else any of the handlers answers."""


def response_specs(shape: Any) -> dict[int, ResponseSpec]:
    """Return what a handler answers, for the OpenAPI document."""
    found = ResponseSpec(shape, generate_examples=False, description="What was asked for.")
    return {HTTP_200_OK: found, **PROBLEMS}


def json_or_404(found: Doc | None) -> PrebuiltJson:
    """Return what was found as JSON; raises NotFoundException where there is nothing."""
    if found is None:
        raise NotFoundException
    return PrebuiltJson(orjson.dumps(found))
