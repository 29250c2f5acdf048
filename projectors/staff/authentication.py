"""Nobody gets past but operators, decided before any route is chosen, so that no route can forget it."""

from typing import Any, Final

import structlog
from litestar import Request
from litestar.exceptions import NotAuthorizedException, PermissionDeniedException
from litestar.types import HTTPScope

from projectors.staff.operators import Operator
from projectors.staff.services import StaffServices, StaffState
from projectors.staff.sessions import COOKIE
from web.cookies import network_of, token_in

logger = structlog.get_logger(__name__)

SIGN_IN: Final = "/sign-in"
OWN: Final = "/-/"
"""Probes and assets: of no use to anybody else."""
READING: Final = frozenset({"GET", "HEAD", "OPTIONS"})
OPERATOR: Final = "operator"
"""Where the operator is found in a request's state."""

StaffRequest = Request[Any, Any, StaffState]


async def authenticate(scope: HTTPScope) -> None:
    """Require a bearer token, or a session whose changes come from the surface's own pages.

    Raises NotAuthorizedException, PermissionDeniedException, TooManyAttempts, StoreUnavailable.
    """
    if scope["path"].startswith(OWN):
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
        if operator is not None and _is_from_a_page(request):
            # A proxy may send the token for people: then another site's page could have it sent, too.
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
    operator = services.operators.of_token(token)
    if operator is None:
        logger.warning("a wrong token", network=network)
        await services.failed_attempts.note(network)
    return operator


def client_network(request: StaffRequest) -> str:
    """Return where a request comes from, as limits count."""
    return network_of(request.client.host if request.client else "")


def _is_from_a_page(request: StaffRequest) -> bool:
    """Return whether a browser says which page a request comes from; programs say nothing of the kind."""
    return "origin" in request.headers or "sec-fetch-site" in request.headers


def _require_own_origin(request: StaffRequest) -> None:
    """Raise PermissionDeniedException unless a change comes from a page of this host (as
    docs/contracts/api.md for customers)."""
    if request.method in READING:
        return
    origin = request.headers.get("origin")
    if origin is None:
        allowed = request.headers.get("sec-fetch-site") == "same-origin"
    else:
        # A proxy in front may speak https where we do not: what counts is the host, which it passes on.
        host = origin.partition("://")[2]
        allowed = host.lower() == request.headers.get("host", "").lower() != ""
    if not allowed:
        raise PermissionDeniedException("Changes are accepted from the surface's own pages only.")
