"""Pages of a business that need no session: logo, help, accessibility."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException

from query_api.http.tenant_middleware import BUSINESS
from query_api.pages.render import render
from query_api.pages.request_context import PageContext, PageRequest
from query_api.services import services_of
from web.assets import IMMUTABLE

FOR_A_WHILE = "public, max-age=300"


@get("/{slug:str}/media/logo", include_in_schema=False)
async def logo(request: PageRequest) -> Response[bytes]:
    """Return the logo; under the address that names its hash it may be kept for ever."""
    logos = services_of(request).logos
    found = await logos.of(request.state[BUSINESS])
    if found is None:
        raise NotFoundException
    named = request.query_params.get("v") == found.sha256[:12]
    headers = {"Cache-Control": IMMUTABLE if named else FOR_A_WHILE, "ETag": f'"{found.sha256}"'}
    return Response(found.content, media_type=found.content_type, headers=headers)


@get("/{slug:str}/help", include_in_schema=False)
async def help_page(page: NamedDependency[PageContext]) -> Response[Any]:
    """Return where one finds what, what is often asked, and how to reach the business."""
    return render("help.html", page.portal, page.reader, {})


@get("/{slug:str}/accessibility", include_in_schema=False)
async def accessibility(page: NamedDependency[PageContext]) -> Response[Any]:
    """Return the accessibility statement."""
    return render("accessibility.html", page.portal, page.reader, {})
