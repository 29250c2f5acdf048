"""Authentication of every request of the staff surface, before routing, so that no route can omit it."""

from typing import Any, Final

import structlog
from litestar import Request
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.types import HTTPScope

from projectors.staff.operators import Operator
from projectors.staff.services import StaffServices, StaffState
from projectors.staff.sessions import COOKIE
from web.cookies import network_of, token_in
from web.origin import SAFE_METHODS, comes_from_own_page
from web.request_headers import request_headers

logger = structlog.get_logger(__name__)

SIGN_IN: Final = "/sign-in"
PUBLIC_PREFIX: Final = "/-/"
"""Path prefix of probes and assets, which need no authentication."""
OPERATOR: Final = "operator"
"""Key of the operator in the state of a request."""

StaffRequest = Request[Any, Any, StaffState]


async def authenticate(scope: HTTPScope) -> None:
    """Require a bearer token, or a session whose changes come from the surface's own pages.

    Raises NotAuthorizedException, PermissionDeniedException, TooManyAttempts, StoreUnavailable.
    """
    if scope["path"].startswith(PUBLIC_PREFIX):
        return
    request: StaffRequest = Request(scope)
    if scope["path"] == SIGN_IN:
        _require_own_origin(request)
    else:
        scope["state"][OPERATOR] = await _operator(request)


async def _operator(request: StaffRequest) -> Operator:
    services: StaffServices = request.app.state.services
    if (header := request.headers.get("authorization")) is not None:
        scheme, _, token = header.partition(" ")
        operator = None
        if scheme.lower() == "bearer":
            operator = await operator_for_token(token.strip(), services, client_network(request))
        if operator is not None and _is_from_browser_page(request):
            # If a proxy adds the token, a page of another site could make the browser send requests with it.
            _require_own_origin(request)
    else:
        cookie = token_in(request, COOKIE)
        operator = await services.sessions.find(cookie) if cookie else None
        if operator is not None:
            _require_own_origin(request)
    if operator is None:
        raise NotAuthorizedException
    return operator


async def operator_for_token(token: str, services: StaffServices, network: str) -> Operator | None:
    """Return the operator of a token; count a failed attempt of *network* and return None for an unknown token.

    Raises TooManyTokenAttempts.
    """
    services.failed_attempts.check(network)
    operator = services.operators.find_by_token(token)
    if operator is None:
        logger.warning("a wrong token", network=network)
        await services.failed_attempts.note(network)
    return operator


def client_network(request: StaffRequest) -> str:
    """Return the client's network, as rate limits count it."""
    return network_of(request.client.host if request.client else "")


def _is_from_browser_page(request: StaffRequest) -> bool:
    """Return whether headers name the page of a request; only browsers send them."""
    return "origin" in request.headers or "sec-fetch-site" in request.headers


def _require_own_origin(request: StaffRequest) -> None:
    """Raise PermissionDeniedException unless a change comes from a page of this host (as
    docs/contracts/api.md for customers)."""
    if request.method in SAFE_METHODS:
        return

    def is_own_host(origin: str) -> bool:
        # A proxy may terminate https, so compare only the host, which it passes on.
        host = origin.partition("://")[2]
        return host.lower() == request.headers.get("host", "").lower() != ""

    if not comes_from_own_page(request_headers(request.scope), is_own_host):
        raise PermissionDeniedException("Changes are accepted from the surface's own pages only.")
