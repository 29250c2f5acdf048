"""Whose portal a request is for, decided before any route is chosen, so that no route can forget it.

Below `/{slug}/` nothing is reached but with a business that is there, on a host that is its own or the public one,
and changed only from its own pages (API.md, Customer surface).
"""

from collections.abc import Mapping
from typing import Any

from litestar import Request
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.response import Redirect
from litestar.status_codes import HTTP_302_FOUND
from litestar.types import ASGIApp, HTTPScope, Receive, Scope, Send

from query_api.addresses import Addresses
from query_api.paths import OWN, segments
from query_api.problems import NotReady
from query_api.remembered import Remembered
from read_models.documents import Doc
from read_models.reads import Reads
from web.asked import headers_of

BUSINESS = "business"
"""Where the business is found in a request's state."""

ORIGIN = "origin"
"""Where it says at which of the business's addresses the browser is, which has its session there alone."""

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

    async def origin(self, business: Doc) -> str:
        """Where a business's portal is reached: on its own host, where that is its."""
        host = business["portal_host"]
        own = await self.of_host(host) if host else None
        if host and own and own["_id"] == business["_id"]:
            return self._addresses.custom(host)
        return self._addresses.public

    def require_ready(self) -> None:
        """Raises NotReady while there are no views to serve."""
        if not self._reads.ready():
            raise NotReady


class Tenancy:
    """ASGI middleware: lets a request through to a business's portal, the business in its state."""

    def __init__(self, app: ASGIApp, addresses: Addresses) -> None:
        self._app = app
        self._addresses = addresses

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on. Raises NotFoundException, PermissionDeniedException, NotReady."""
        if scope["type"] == ScopeType.HTTP:
            parts = segments(scope["path"])
            if parts[:1] != [OWN]:
                own = await self._admit(scope, parts[0] if parts else None)
                if own and not parts:
                    home = Redirect(f"/{own['slug']}/", status_code=HTTP_302_FOUND)
                    request: Request[Any, Any, State] = Request(scope, receive, send)
                    await home.to_asgi_response(None, request)(scope, receive, send)
                    return
        await self._app(scope, receive, send)

    async def _admit(self, scope: HTTPScope, slug: str | None) -> Doc | None:
        """Finds the business of the request, and answers it where the host is its own."""
        portals: Portals = scope["litestar_app"].state.portals
        portals.require_ready()
        authority = headers_of(scope).get(b"host", b"").decode("latin-1").lower()
        own = await portals.of_host(host_of(authority))
        if slug is not None:
            business = own or await portals.of_slug(slug)
            if business is None or business["slug"] != slug:
                raise NotFoundException
            scope["state"][BUSINESS] = business
            scope["state"][ORIGIN] = (
                self._addresses.custom(own["portal_host"]) if own else self._addresses.public
            )
            if scope["method"] not in READING:
                self._require_own_origin(headers_of(scope), authority if own else None)
        return own

    def _require_own_origin(self, headers: Mapping[bytes, bytes], authority: str | None) -> None:
        """Raises PermissionDeniedException unless a change comes from the portal's own pages (API.md)."""
        origin = headers.get(b"origin")
        if origin is None:
            allowed = headers.get(b"sec-fetch-site") == b"same-origin"
        else:
            own = f"{self._addresses.scheme}://{authority}" if authority else self._addresses.public
            allowed = origin.decode("latin-1") == own
        if not allowed:
            raise PermissionDeniedException("Changes are accepted from the portal's own pages only.")


def host_of(authority: str) -> str:
    """The host name of a Host header, in lower case, without its port."""
    return authority.partition(":")[0].removesuffix(".")
