"""Home: what needs the customer, what is next, what was last, what is due, how contracts are kept."""

import asyncio
from collections.abc import Sequence
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency

from query_api.pages.activity import changes
from query_api.pages.presenters import dashboard as dashboard_presenter
from query_api.pages.presenters.dashboard import Item
from query_api.pages.presenters.proof_gallery import album, shown
from query_api.pages.request_context import PageRequest
from query_api.pages.signed_in import SignedInPage
from query_api.services import services_of
from read_models import queries
from read_models.documents import Doc, timestamp

CHANGES = 5
"""What changed of late, on home; the rest is a page away."""

THUMBNAILS = 3


@get("/{slug:str}", include_in_schema=False)
async def home(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Return the home page; signed out it leads to the sign-in, which comes back here."""
    reads = services_of(request).reads
    dashboard = await reads.dashboard(visitor.session.known, visitor.page.business)
    appointments = dashboard_presenter.appointments(dashboard["upcoming"], timestamp(visitor.page.reader.now))
    # At the same time, so that they share their queries.
    last, following, changed = await asyncio.gather(
        in_full(visitor, dashboard["recent_visits"]),
        in_full(visitor, [appointments.next] if appointments.next else []),
        changes(visitor),
    )
    pictures = shown(album(last["proof"]["items"])) if last and last["proof"] else []
    return visitor.render(
        "home.html",
        dashboard=dashboard,
        appointments=appointments,
        next_address=following["address"] if following else None,
        overdue=dashboard_presenter.overdue(dashboard),
        last=last,
        pictures=pictures[:THUMBNAILS],
        photos=len(pictures),
        changes=changed[:CHANGES],
        contracts=[
            {"item": item, "figures": dashboard_presenter.figures(item["health"])}
            for item in dashboard["contracts"]
        ],
    )


async def in_full(visitor: SignedInPage, items: Sequence[Item]) -> Doc | None:
    """Return the first visit of a list with all that belongs to it; None when there is none, or none any more."""
    return await queries.visit(visitor.reading, items[0]["id"]) if items else None
