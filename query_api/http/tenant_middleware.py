"""Tenant check: resolves the business of a request before any route is chosen, so that no route can forget it.

Below `/{slug}/` nothing is reached but with a business that is there, on a host that is its own or the public one,
and changed only from its own pages (docs/contracts/api.md, Customer surface).
"""

from collections.abc import Awaitable, Mapping
from functools import lru_cache
from typing import NamedTuple

from litestar.exceptions import NotFoundException, PermissionDeniedException
from litestar.types import HTTPScope

from query_api.http.paths import OWN, slug_in_path
from query_api.http.problem_mapping import NotReady
from query_api.http.public_urls import PublicUrls
from query_api.refresh_ahead_cache import RefreshAheadCache
from query_api.services import services_in
from read_models.documents import Doc
from read_models.queries.portal import PortalQueries
from web.origin import SAFE_METHODS, comes_from_own_page
from web.request_headers import request_headers

BUSINESS = "business"
"""Where the business is found in a request's state."""

ORIGIN = "origin"
"""Where it says at which of the business's addresses the browser is, which has its session there alone."""

LONGEST_SLUG = 40
"""docs/contracts/events.md, Businesses."""


class Tenant(NamedTuple):
    """A business whose portal is reached at a host, below a slug."""

    business: Doc
    origin: str
    own: bool
    """Whether the host is its own."""


class TenantResolver:
    """The portals of one process, as of a moment ago."""

    def __init__(self, reads: PortalQueries, addresses: PublicUrls) -> None:
        self._reads = reads
        self._addresses = addresses
        self._by_host = RefreshAheadCache(reads.business_by_host)
        self._admitted = RefreshAheadCache(self._admission)

    async def by_host(self, host: str) -> Doc | None:
        """Return the business whose own host it is; None when that is closed."""
        own = await self._by_host.get(host) if self._addresses.may_be_custom(host) else None
        return own if own and not own["closed"] else None

    def resolve(self, host: str, slug: str) -> Awaitable[Tenant | None]:
        """Return the business that is reached at a host, below what stands in a slug's place; None when there is
        none."""
        return self._admitted.get((host if self._addresses.may_be_custom(host) else None, slug))

    async def _admission(self, place: tuple[str | None, str]) -> Tenant | None:
        host, slug = place
        own = await self._reads.business_by_host(host) if host else None
        business = own or await self._reads.business(slug)
        if business is None or business["closed"] or business["slug"] != slug:
            return None
        origin = self._addresses.custom(business["portal_host"]) if own else self._addresses.public
        return Tenant(business, origin, own is not None)

    async def origin(self, business: Doc) -> str:
        """Return where a business's portal is reached: on its own host, where that is its."""
        host = business["portal_host"]
        own = await self.by_host(host) if host else None
        if host and own and own["_id"] == business["_id"]:
            return self._addresses.custom(host)
        return self._addresses.public

    def require_ready(self) -> None:
        """Raise NotReady while there are no views to serve."""
        if not self._reads.ready():
            raise NotReady


class RedirectToPortal(Exception):
    """A business's own host without a path: its portal is meant."""

    def __init__(self, path: str) -> None:
        super().__init__(path)
        self.path = path


class TenantCheck:
    """A check: lets a request through to a business's portal, the business in its state."""

    def __init__(self, addresses: PublicUrls) -> None:
        self._addresses = addresses

    async def __call__(self, scope: HTTPScope) -> None:
        """Raise NotFoundException, PermissionDeniedException, NotReady, Home."""
        slug = slug_in_path(scope["path"])
        if slug == OWN:
            return
        portals = services_in(scope["litestar_app"]).tenants
        portals.require_ready()
        authority = request_headers(scope).get(b"host", b"")
        if slug is None:
            if own := await portals.by_host(host_of(authority)):
                raise RedirectToPortal(f"/{own['slug']}/")
            return
        # What is longer is no slug, and not to be remembered.
        found = await portals.resolve(host_of(authority), slug) if len(slug) <= LONGEST_SLUG else None
        if found is None:
            raise NotFoundException
        scope["state"][BUSINESS] = found.business
        scope["state"][ORIGIN] = found.origin
        if scope["method"] not in SAFE_METHODS:
            self._require_own_origin(request_headers(scope), authority if found.own else None)

    def _require_own_origin(self, headers: Mapping[bytes, bytes], authority: bytes | None) -> None:
        """Raise PermissionDeniedException unless a change comes from the portal's own pages (docs/contracts/api.md)."""
        own = self._addresses.public
        if authority:
            own = f"{self._addresses.scheme}://{authority.decode('latin-1').lower()}"
        if not comes_from_own_page(headers, lambda origin: origin == own):
            raise PermissionDeniedException("Changes are accepted from the portal's own pages only.")


@lru_cache
def host_of(authority: bytes) -> str:
    """Return the host name of a Host header, in lower case, without its port."""
    return authority.decode("latin-1").lower().partition(":")[0].removesuffix(".")
