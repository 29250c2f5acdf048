"""The account: who the person is here, where they are signed in, their calendar, their data, their language."""

from typing import Any

from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from query_api.calendar.errors import CalendarFeedsDisabled
from query_api.pages.devices import device_name
from query_api.pages.language import LANGUAGES, language_cookie
from query_api.pages.request_context import PageRequest, redirect_see_other
from query_api.pages.signed_in import SignedInPage
from query_api.services import services_of
from query_api.sign_in.cookies import browser_of, expired_session_cookie, session_cookie
from read_models.documents import timestamp


@get("/{slug:str}/account", include_in_schema=False)
async def account(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Return all of it on one page."""
    services, session = services_of(request), visitor.session
    try:
        feed = await services.feeds.url(session.scope, visitor.page.business)
    except CalendarFeedsDisabled:
        feed = None
    return visitor.render(
        "account.html",
        customer=session.customer,
        address=session.address,
        accounts=await services.sign_in.accounts(session),
        devices=[
            {
                "id": record.id,
                "current": record.id == session.record.id,
                "device": device_name(record.device),
                "started_at": timestamp(record.started_at),
                "seen_at": timestamp(record.seen_at),
            }
            for record in await services.sessions.devices(session)
        ],
        feed=feed,
        languages=LANGUAGES,
    )


@post("/{slug:str}/account/switch", include_in_schema=False)
async def switch(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Go on as another customer of the same address."""
    sign_in = services_of(request).sign_in
    business = visitor.page.business
    chosen = (await request.form()).get("customer_id", "")
    token = await sign_in.switch(visitor.session, str(chosen), browser_of(request, business))
    if token is None:
        raise NotFoundException
    answer = redirect_see_other(visitor.root)
    answer.set_cookie(session_cookie(business, token))
    return answer


@post("/{slug:str}/account/devices/{device_id:str}/sign-out", include_in_schema=False)
async def sign_out_device(
    visitor: NamedDependency[SignedInPage], request: PageRequest, device_id: FromPath[str]
) -> Response[Any]:
    """Sign one device out; one that is out already is no error to somebody who wants it out."""
    sessions = services_of(request).sessions
    await sessions.end_device(visitor.session, device_id)
    return redirect_see_other(f"{visitor.root}account#devices")


@post("/{slug:str}/account/devices/sign-out", include_in_schema=False)
async def sign_out_everywhere(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Sign out everywhere, here included."""
    sessions = services_of(request).sessions
    await sessions.end_devices(visitor.session)
    answer = redirect_see_other(f"{visitor.root}sign-in")
    answer.set_cookie(expired_session_cookie(visitor.page.business))
    return answer


@post("/{slug:str}/account/calendar", include_in_schema=False)
async def renew_calendar(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Give the calendar a new address; the one before is dead."""
    feeds = services_of(request).feeds
    await feeds.renewed(visitor.session.scope, visitor.page.business)
    return redirect_see_other(f"{visitor.root}account#calendar")


@post("/{slug:str}/account/language", include_in_schema=False)
async def choose_language(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Have the pages speak another language in this browser."""
    chosen = str((await request.form()).get("language", ""))
    answer = redirect_see_other(f"{visitor.root}account#language")
    answer.set_cookie(language_cookie(visitor.page.business, chosen if chosen in LANGUAGES else None))
    return answer


ROUTES: list[ControllerRouterHandler] = [
    account,
    switch,
    sign_out_device,
    sign_out_everywhere,
    renew_calendar,
    choose_language,
]
