"""Context of a page request: the business of its path, the session, the time."""

import re
from typing import Any, NamedTuple
from urllib.parse import unquote

from litestar import Request
from litestar.datastructures import State
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER

from query_api.files.logos import address
from query_api.http.tenant_middleware import BUSINESS
from query_api.pages.language import language_of
from query_api.pages.render import SWITCHED_AT_ONCE, PortalBranding, Viewer
from query_api.services import services_of
from query_api.sign_in.cookies import browser_of
from query_api.sign_in.sessions import Session
from read_models.documents import Doc
from read_models.queries.portal import CustomerSnapshot

PageRequest = Request[Any, Any, State]


class PageContext(NamedTuple):
    """A request for a page, as far as its templates and services need it."""

    portal: PortalBranding
    reader: Viewer
    session: Session | None
    """Who is signed in."""

    @property
    def known(self) -> CustomerSnapshot | None:
        """Customer whose documents the page may show; None when signed out."""
        return self.session.known if self.session else None

    @property
    def business(self) -> Doc:
        """The business whose portal it is."""
        return self.portal.business

    @property
    def root(self) -> str:
        """The path of its home page, and what all its paths begin with."""
        return f"/{self.business['slug']}/"


async def provide_page(request: PageRequest) -> PageContext:
    """Return the page's context, for handlers to ask for."""
    business: Doc = request.state[BUSINESS]
    sign_in = services_of(request).sign_in
    session = await sign_in.session(business, browser_of(request, business).session)
    reader = viewer_of(request, session.known if session else None)
    if session:
        reader = reader._replace(accounts=await sign_in.accounts(session, SWITCHED_AT_ONCE + 1))
    page = PageContext(portal=await portal_of(request, business), reader=reader, session=session)
    request.state.page = page
    return page


async def portal_of(request: PageRequest, business: Doc) -> PortalBranding:
    """Return the business as its pages show it."""
    logos = services_of(request).logos
    logo = await logos.of(business)
    return PortalBranding(business, address(business["slug"], logo) if logo else None)


def viewer_of(request: PageRequest, known: CustomerSnapshot | None) -> Viewer:
    """Return who a page is made for."""
    clock = services_of(request).clock
    business: Doc | None = request.state.get(BUSINESS)
    chosen = language_of(request, business) if business else None
    return Viewer(request.headers.get("Accept-Language", ""), known, clock(), chosen)


def safe_redirect_target(page: PageContext, wanted: str) -> str:
    """Return where to go on after the sign-in: `wanted`, if it is a plain path of this portal, else its home page."""
    plain = re.fullmatch(r"[A-Za-z0-9_./?&=%~+-]*", wanted.removeprefix(page.root))
    # Browsers take "%2e%2e" for "..", too.
    return wanted if wanted.startswith(page.root) and plain and ".." not in unquote(wanted) else page.root


def redirect_see_other(path: str) -> Redirect:
    """Lead to another page, which is asked for with GET."""
    return Redirect(path, status_code=HTTP_303_SEE_OTHER)
