"""`/{slug}/api/visits/{id}/calendar.ics`, `/{slug}/api/calendar` and the feed, `/{slug}/calendar/{secret}.ics`"""

import asyncio
from typing import TypedDict

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.openapi import ResponseSpec
from litestar.params import FromPath
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import PROBLEMS, AnyRequest, business_of, response_specs, session_of
from query_api.calendar.icalendar import CalendarOwner, calendar
from query_api.services import services_of
from read_models.documents import Doc
from read_models.queries import QueryContext
from read_models.queries.calendar_feed import calendar as shown

ICALENDAR = "text/calendar"

ENDING = ".ics"


class FeedAddress(TypedDict):
    """Address of a customer's calendar feed; anybody who has it can read the feed."""

    url: str


@get(
    "/visits/{visit_id:str}/calendar.ics",
    operation_id="getVisitCalendar",
    tags=["calendar"],
    responses={
        HTTP_200_OK: ResponseSpec(
            str, generate_examples=False, description="The appointment.", media_type=ICALENDAR
        ),
        **PROBLEMS,
    },
)
async def visit_calendar(
    request: AnyRequest, reading: NamedDependency[QueryContext], visit_id: FromPath[str]
) -> Response[bytes]:
    """Return one visit or appointment as iCalendar (RFC 5545)."""
    visit = await reading.document("visit", visit_id)
    if visit is None:
        raise NotFoundException
    # Inline: phones offer to add it, everything else saves it.
    return await icalendar(
        await household(request, reading, session_of(request).customer), [visit], f"{visit['id']}{ENDING}"
    )


@get("/calendar", operation_id="getCalendarFeed", tags=["calendar"], responses=response_specs(FeedAddress))
async def feed_address(request: AnyRequest) -> FeedAddress:
    """Return the secret address of the feed of upcoming appointments."""
    feeds = services_of(request).feeds
    return {"url": await feeds.url(session_of(request).scope, business_of(request))}


@post(
    "/calendar",
    operation_id="renewCalendarFeed",
    tags=["calendar"],
    responses={
        HTTP_201_CREATED: ResponseSpec(FeedAddress, generate_examples=False, description="The new address."),
        **PROBLEMS,
    },
)
async def new_feed_address(request: AnyRequest) -> FeedAddress:
    """Give the feed a new secret address; the one before is dead."""
    feeds = services_of(request).feeds
    return {"url": await feeds.renewed(session_of(request).scope, business_of(request))}


@get("/{slug:str}/calendar/{name:str}", include_in_schema=False)
async def feed(request: AnyRequest, name: FromPath[str]) -> Response[bytes]:
    """Return the upcoming appointments of the customer whose secret it is, and those that were called off of late."""
    services, business = services_of(request), business_of(request)
    scope = await services.feeds.owner(business, name.removesuffix(ENDING)) if name.endswith(ENDING) else None
    known = await services.reads.customer(scope) if scope else None
    if scope is None or known is None:
        raise NotFoundException
    reading = services.query_context(scope, business)
    return await icalendar(
        await household(request, reading, known.document), await shown(reading), f"{business['slug']}{ENDING}"
    )


async def household(request: AnyRequest, reading: QueryContext, customer: Doc) -> CalendarOwner:
    """Return whose calendar it is."""
    portals = services_of(request).tenants
    return CalendarOwner(reading.business, customer, await portals.origin(reading.business), reading.now)


async def icalendar(of: CalendarOwner, visits: list[Doc], name: str) -> Response[bytes]:
    """Return a calendar under the name that it is saved under."""
    headers = {"Content-Disposition": f'inline; filename="{name}"'}
    # In a thread: hundreds of entries take long enough to be felt by everybody else.
    content = await asyncio.to_thread(calendar, of, visits)
    return Response(content, media_type=ICALENDAR, headers=headers)


ROUTES: list[ControllerRouterHandler] = [visit_calendar, feed_address, new_feed_address]
"""Behind a session."""
