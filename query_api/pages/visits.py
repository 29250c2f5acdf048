"""Visits: what is to come, what awaits an update, what was done."""

import asyncio
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import ValidationException

from query_api.pages.request_context import PageRequest
from query_api.pages.signed_in import PAGE_SIZE, SignedInPage, page_query, pagination_links
from read_models import queries
from read_models.queries import OUTCOMES, PageQuery


@get("/{slug:str}/visits", include_in_schema=False)
async def visits(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Past visits, those with one outcome where one is chosen; before the first of them stands what is ahead."""
    status = request.query_params.get("status")
    if status is not None and status not in OUTCOMES:
        raise ValidationException("status: there is no such outcome.")
    part, reading = page_query(request), visitor.reading
    whole = status is None and part.after is None
    past, ahead = await asyncio.gather(
        queries.visits(reading, part, [status] if status else ()),
        queries.appointments(reading, PageQuery(PAGE_SIZE)) if whole else _nothing(),
    )
    return visitor.render(
        "visit_list.html",
        past=past["items"],
        status=status,
        whole=whole,
        upcoming=[one for one in ahead["items"] if not one["awaiting"]],
        awaiting=[one for one in reversed(ahead["items"]) if one["awaiting"]],
        further=ahead["next"],
        **pagination_links(request, past),
    )


@get("/{slug:str}/appointments", include_in_schema=False)
async def appointments(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Return all appointments, soonest first, those whose window has passed among them."""
    found = await queries.appointments(visitor.reading, page_query(request))
    return visitor.render(
        "appointments.html", appointments=found["items"], **pagination_links(request, found)
    )


async def _nothing() -> dict[str, Any]:
    return {"items": [], "next": None}
