"""Whose portal a request is for, decided before any route is chosen, so that no route can forget it.

Below `/{slug}/` nothing is reached but with a business that is there, on a host that is its own or the public one,
and changed only from its own pages (API.md, Customer surface).
"""

from typing import Any

from litestar import Request
from litestar.datastructures import Headers, State
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.response import Redirect
from litestar.response.base import Response
from litestar.status_codes import HTTP_302_FOUND
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from query_api.addresses import Addresses
from query_api.errors import answer
from query_api.problems import NotReady
from query_api.remembered import Remembered
from read_models.documents import Doc
from read_models.reads import Reads

OWN = "-"
"""The service's own paths begin with it; no slug does, as slugs have two characters or more."""

READING = frozenset({"GET", "HEAD", "OPTIONS"})


class Portals:
    """The portals of one process, as of a moment ago."""

    def __init__(self, reads: Reads, addresses: Addresses) -> None:
        self._reads = reads
        self._addresses = addresses
        self._by_slug = Remembered(reads.business)
        self._by_host = Remembered(reads.business_of_host)

    async def of_host(self, host: str) -> Doc | None:
        """The business whose own host it is."""
        return await self._by_host.get(host) if self._addresses.may_be_custom(host) else None

    async def of_slug(self, slug: str) -> Doc | None:
        """The business whose slug it is."""
        return await self._by_slug.get(slug)

    async def require_ready(self) -> None:
        """Raises NotReady while there are no views to serve."""
        if not await self._reads.ready():
            raise NotReady


class Tenancy:
    """ASGI middleware: admits a request to a business's portal, or answers it."""

    def __init__(self, app: ASGIApp, addresses: Addresses) -> None:
        self._app = app
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Puts the business into the request's state, or answers 302, 403, 404, 503."""
        if scope["type"] == ScopeType.HTTP:
            refusal = await self._refusal(scope, receive, send)
            if refusal is not None:
                await refusal(scope, receive, send)
                return
        await self._app(scope, receive, send)

    async def _refusal(self, scope: HTTPScope, receive: Receive, send: Send) -> ASGIApp | None:
        request: Request[Any, Any, State] = Request(scope, receive, send)
        response: Response[Any] | None
        try:
            response = await self._admit(scope)
        except Exception as error:  # noqa: BLE001 -- Litestar's own handling begins behind this: whatever it is, it is answered
            response = answer(request, error)
        return response.to_asgi_response(None, request) if response else None

    async def _admit(self, scope: HTTPScope) -> Redirect | None:
        # As the router sees it, which takes no notice of empty segments.
        segments = [segment for segment in scope["path"].split("/") if segment]
        if segments[:1] == [OWN]:
            return None
        portals: Portals = scope["litestar_app"].state.portals
        await portals.require_ready()
        headers = Headers.from_scope(scope)
        authority = headers.get("host", "").lower()
        host = host_of(authority)
        own = await portals.of_host(host)
        if not segments:
            return Redirect(f"/{own['slug']}/", status_code=HTTP_302_FOUND) if own else None
        business = own or await portals.of_slug(segments[0])
        if business is None or business["slug"] != segments[0]:
            raise NotFoundException
        scope["state"]["business"] = business
        if scope["method"] not in READING:
            self._require_own_origin(headers, authority if own else None)
        return None

    def _require_own_origin(self, headers: Headers, authority: str | None) -> None:
        """Raises PermissionDeniedException unless a change comes from the portal's own pages (API.md)."""
        origin = headers.get("origin")
        if origin is None:
            allowed = headers.get("sec-fetch-site") == "same-origin"
        elif authority is None:
            allowed = origin == self._addresses.public
        else:
            allowed = origin == f"{self._addresses.scheme}://{authority}"
        if not allowed:
            raise PermissionDeniedException("Changes are accepted from the portal's own pages only.")


def host_of(authority: str) -> str:
    """The host name of a Host header, in lower case, without its port."""
    return authority.partition(":")[0].removesuffix(".")
