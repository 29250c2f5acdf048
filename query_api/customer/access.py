"""What handlers ask for: the business of the path, and who is signed in. Neither comes from anything a client says."""

from litestar import Request
from litestar.datastructures import State
from litestar.exceptions import NotAuthorizedException
from typing import Any

from query_api.sign_in.cookies import Browser, browser_of, session_token
from query_api.sign_in.sessions import Session
from query_api.tenancy import BUSINESS
from read_models.documents import Doc

AnyRequest = Request[Any, Any, State]


def provide_business(request: AnyRequest) -> Doc:
    """The business whose portal the request is for."""
    business: Doc = request.scope["state"][BUSINESS]
    return business


def provide_browser(request: AnyRequest) -> Browser:
    """Where the request comes from."""
    return browser_of(request, provide_business(request))


async def provide_session(request: AnyRequest) -> Session:
    """Who is signed in; NotAuthorizedException when nobody is."""
    business = provide_business(request)
    session: Session | None = await request.app.state.sessions.find(business, session_token(request, business))
    if session is None:
        raise NotAuthorizedException("Nobody is signed in.")
    return session
