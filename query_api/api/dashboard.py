"""`GET /{slug}/api/portal`"""

from datetime import datetime
from functools import partial
from typing import NamedTuple

import orjson
from litestar import get
from litestar.types import HTTPScope

from query_api.api.dependencies import AnyRequest, business_of, found_or_401, response_specs
from query_api.api.schemas.common import Dashboard
from query_api.http.etag import tag_of
from query_api.http.prebuilt_response import BypassResolution, PrebuiltJson
from query_api.http.tenant_middleware import BUSINESS
from query_api.services import services_of
from query_api.sign_in.cookies import session_token
from query_api.sign_in.sessions import SessionService
from read_models.clock import Clock
from read_models.documents import Doc
from read_models.queries.portal import CustomerSnapshot, PortalQueries, floor_to_10s, holds_until
from web.pipeline import REVALIDATE
from web.tokens import digest

KEPT_ANSWERS = 5_000


class CachedDashboard(NamedTuple):
    """A dashboard as it was served, and what it was made of."""

    document: Doc
    as_of: datetime
    timezone: str
    until: datetime
    """From then on it may be another one."""
    answer: PrebuiltJson


class DashboardCache:
    """The dashboards of one process: a customer's document is read each time, and mostly it has not changed."""

    def __init__(self, reads: PortalQueries, clock: Clock) -> None:
        self._reads = reads
        self._clock = clock
        self._made: dict[str, CachedDashboard] = {}

    async def of(self, known: CustomerSnapshot, business: Doc) -> CachedDashboard:
        """Return the dashboard of a customer."""
        name, as_of, now = known.document["_id"], floor_to_10s(known.as_of), self._clock()
        made = self._made.get(name)
        if (
            made is not None
            # What is read again unchanged is the same object (`read_models.store.reading.decode_cache`).
            and made.document is known.document
            and made.as_of == as_of
            and made.timezone == business["timezone"]
            and now < made.until
        ):
            return made
        until = holds_until(known, business, now)
        content = orjson.dumps(await self._reads.dashboard(known, business))
        answer = PrebuiltJson(content, tag_of(content))
        made = CachedDashboard(known.document, as_of, business["timezone"], until, answer)
        if len(self._made) >= KEPT_ANSWERS:
            self._made.clear()
        self._made[name] = made
        return made


@get(
    "/{slug:str}/api/portal",
    operation_id="getPortal",
    tags=["portal"],
    responses=response_specs(Dashboard),
    middleware=[BypassResolution],
)
async def dashboard(request: AnyRequest) -> PrebuiltJson:
    """Return the dashboard of whoever is signed in."""
    services, scope = services_of(request), request.scope
    token = found_or_401(session_token(request, business_of(request)))
    again = partial(_of_session, services.sessions, services.dashboards, digest(token))
    ready = await again(scope)
    scope["state"][REVALIDATE] = again
    return ready


async def _of_session(
    sessions: SessionService, dashboards: DashboardCache, hashed: str, scope: HTTPScope
) -> PrebuiltJson:
    """Return the dashboard of whom a session is of by now, at the business that the request was let through to."""
    business = scope["state"][BUSINESS]
    session = found_or_401(await sessions.find_by_digest(business, hashed))
    return (await dashboards.of(session.known, business)).answer
