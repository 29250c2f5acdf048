"""Errors as pages: in the business's name where one is known, and always an answer."""

import asyncio
import math
from datetime import timedelta

import structlog
from litestar import Response

from query_api.pages.context import Page, PageRequest, portal_of, reader_of
from query_api.pages.render import Portal, error_page
from read_models.reads import Reads

log = structlog.get_logger(__name__)

PATIENCE = 1.0
"""Seconds an error waits to learn whose page it is on."""


async def page_for(
    request: PageRequest, status: int, *, retry_after: timedelta | None = None
) -> Response[str]:
    """The page of an error with this status; `retry_after` where it is known when to try again."""
    page: Page | None = request.state.get("page")
    portal = page.portal if page else await known_portal(request)
    reader = page.reader if page else reader_of(request, None)
    response = error_page(status, portal, reader, retry_after=retry_after)
    if retry_after:
        response.headers["Retry-After"] = str(math.ceil(retry_after.total_seconds()))
    return response


async def known_portal(request: PageRequest) -> Portal | None:
    """The business whose path it is; None where there is none, or where the very error hides it."""
    slug = request.scope["path"].split("/")[1]
    reads: Reads = request.app.state.reads
    try:
        async with asyncio.timeout(PATIENCE):
            business = await reads.business(slug)
            return await portal_of(request, business) if business else None
    except Exception:
        log.exception("error_page.business_unknown")
        return None
