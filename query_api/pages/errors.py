"""Errors as pages: in the business's name where one is known, and always an answer."""

from datetime import timedelta

from litestar import Response

from query_api.http.tenant_middleware import BUSINESS
from query_api.pages.render import PortalBranding, error_page
from query_api.pages.request_context import PageContext, PageRequest, portal_of, viewer_of
from read_models.documents import Doc


async def page_for(
    request: PageRequest, status: int, *, retry_after: timedelta | None = None
) -> Response[str]:
    """Return the page of an error with this status; `retry_after` where it is known when to try again."""
    page: PageContext | None = request.state.get("page")
    business: Doc | None = request.state.get(BUSINESS)
    if page:
        portal: PortalBranding | None = page.portal
        reader = page.reader
    else:
        portal = await portal_of(request, business) if business else None
        reader = viewer_of(request, None)
    return error_page(status, portal, reader, retry_after=retry_after)
