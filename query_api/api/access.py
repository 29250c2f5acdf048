"""What handlers start from: the business of the path, and who is signed in. Neither comes from what a client says."""

from typing import Any, TypeVar

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException

from query_api.http.tenant_middleware import BUSINESS, ORIGIN
from query_api.sign_in.cookies import session_token
from query_api.sign_in.sessions import Session, SessionService
from read_models.documents import Doc

AnyRequest = Request[Any, Any, State]

T = TypeVar("T")


def business_of(request: AnyRequest) -> Doc:
    """The business whose portal the request is for."""
    business: Doc = request.scope["state"][BUSINESS]
    return business


def origin_of(request: AnyRequest) -> str:
    """The origin (RFC 6454) that the request was sent to: the portal's public one, or the business's own host's."""
    origin: str = request.scope["state"][ORIGIN]
    return origin


async def signed_in(request: AnyRequest) -> Session:
    """Who is signed in; raises NotAuthorizedException when nobody is."""
    business = business_of(request)
    sessions: SessionService = request.app.state.sessions
    return present(await sessions.find(business, session_token(request, business)))


def present(found: T | None) -> T:
    """The session, or its token, that was found; raises NotAuthorizedException when there is none."""
    if found is None:
        raise NotAuthorizedException("Nobody is signed in.")
    return found
