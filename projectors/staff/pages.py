"""The surface for people: one page that renews itself, its buttons, and the way in."""

import re
from collections.abc import Awaitable
from datetime import timedelta
from typing import Annotated, Any, Final, Literal

from litestar import Response, get, post
from litestar.enums import RequestEncodingType
from litestar.handlers import HTTPRouteHandler
from litestar.params import Body, FromPath, FromQuery
from litestar.response import Redirect
from litestar.status_codes import HTTP_303_SEE_OTHER, HTTP_401_UNAUTHORIZED

from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.log_reader import RecordsMissing
from projectors.kafka.topology import InvalidTopics
from projectors.log_compatibility import LogMismatch
from projectors.operations.hold_release import RetryFailed
from projectors.operations.quarantine import DeadLetterNotFound
from projectors.staff.alerts import alive, current_alerts
from projectors.staff.authentication import (
    OPERATOR,
    SIGN_IN,
    StaffRequest,
    client_network,
    operator_for_token,
)
from projectors.staff.lag_chart import chart
from projectors.staff.operators import Operator, TooManyTokenAttempts
from projectors.staff.routes import operator_of
from projectors.staff.service import OperationTimedOut, StaffService
from projectors.staff.services import StaffState
from projectors.staff.sessions import COOKIE, LIFE
from projectors.staff.templating import page
from read_models.store import OperationRefused
from web.cookies import host_cookie, token_in
from web.problems import retry_after_seconds

HOME: Final = "/"
RENEWED_S: Final = 10
"""Without JavaScript."""
REFUSED: Final = (
    OperationRefused,
    RetryFailed,
    RecordsMissing,
    LogMismatch,
    DeadLetterNotFound,
    OperationTimedOut,
    KafkaUnavailable,
    InvalidTopics,
)
GENERATION: Final = re.compile(r"[1-9][0-9]{0,8}", re.ASCII)

Form = Annotated[dict[str, str], Body(media_type=RequestEncodingType.URL_ENCODED)]


@get(HOME, include_in_schema=False)
async def home(
    request: StaffRequest,
    state: StaffState,
    still: FromQuery[str | None] = None,
    done: FromQuery[str | None] = None,
) -> Response[str]:
    """Return what is wrong, first and large; how it got there below. With `done`, what became of the last button,
    once."""
    service = state.services.staff
    operator = operator_of(request)
    said, wrong = service.flash_messages.pop(operator.name, ("", "")) if done is not None else ("", "")
    overview = await service.overview()
    now = service.clock()
    values: dict[str, Any] = {
        "o": overview,
        "now": now,
        "alive": alive,
        "problems": current_alerts(overview, service.store.version, now),
        "chart": chart(service.watch.history, overview.lag, now),
        "operator": operator,
        "renewed": None if still is not None else RENEWED_S,
        "still": still is not None,
        "said": said,
        "wrong": wrong,
        "version": service.store.version,
        "rebuild_runs": service.rebuilding.runs,
    }
    return page("home.html", values)


async def _done(request: StaffRequest, service: StaffService, work: Awaitable[str]) -> Response[Any]:
    """Redirect to the page, which shows the result of a button."""
    try:
        told = await work, ""
    except REFUSED as error:
        told = "", str(error)
    service.flash_messages[operator_of(request).name] = told
    return Redirect(f"{HOME}?done=1", status_code=HTTP_303_SEE_OTHER)


@post("/generations/{what:str}", include_in_schema=False)
async def switch(
    what: FromPath[Literal["promote", "rollback"]], request: StaffRequest, state: StaffState, data: Form
) -> Response[Any]:
    """Promote and rollback, to the generation that the button named: meanwhile it may be another's turn."""
    named = data.get("generation", "")

    async def work() -> str:
        generation = int(named) if GENERATION.fullmatch(named) else None
        pointer = await state.services.staff.switch(what, operator_of(request), 0.0, generation=generation)
        return f"Generation {pointer.served} is served."

    return await _done(request, state.services.staff, work())


@post("/rebuilds", include_in_schema=False)
async def rebuild(request: StaffRequest, state: StaffState) -> Response[Any]:
    """Start a rebuild."""

    async def work() -> str:
        await state.services.staff.rebuild([], operator_of(request))
        return "A rebuild has been started; it fills a generation beside what is served."

    return await _done(request, state.services.staff, work())


@post("/dead-letters/{name:str}/retry", include_in_schema=False)
async def retry(name: FromPath[str], request: StaffRequest, state: StaffState) -> Response[Any]:
    """Retries a dead letter."""

    async def work() -> str:
        mended = await state.services.staff.retry(name, operator_of(request))
        return f"{name}: retried; {mended.applied} records applied."

    return await _done(request, state.services.staff, work())


@post("/dead-letters/{name:str}/discard", include_in_schema=False)
async def discard(name: FromPath[str], request: StaffRequest, state: StaffState, data: Form) -> Response[Any]:
    """Discards a dead letter, with a reason."""

    async def work() -> str:
        reason = data.get("reason", "").strip()
        if not reason:
            raise OperationRefused(f"{name} was not discarded: say why, for the audit")
        mended = await state.services.staff.discard(name, operator_of(request), reason[:1000])
        return f"{name}: discarded; {mended.applied} records applied."

    return await _done(request, state.services.staff, work())


@get("/dead-letters/{name:str}", include_in_schema=False)
async def letter(name: FromPath[str], request: StaffRequest, state: StaffState) -> Response[str]:
    """Return a dead letter with its record."""
    found = await state.services.staff.letter(name)
    values = {"operator": operator_of(request), "name": name, "found": found}
    return page("letter.html", values)


@get(SIGN_IN, include_in_schema=False)
async def sign_in() -> Response[str]:
    """Return the way in."""
    return page("sign_in.html", {"wrong": ""})


@post(SIGN_IN, include_in_schema=False)
async def enter(request: StaffRequest, state: StaffState, data: Form) -> Response[Any]:
    """Sign in with an operator's token."""
    try:
        operator: Operator | None = await operator_for_token(
            data.get("token", "").strip(), state.services, client_network(request)
        )
    except TooManyTokenAttempts as error:
        wait = retry_after_seconds(error.retry_after)
        shown = page(
            "sign_in.html",
            {"wrong": f"Too many wrong tokens. Try again in {-(-wait // 60)} min."},
            status=429,
        )
        shown.headers["Retry-After"] = str(wait)
        return shown
    if operator is None:
        return page("sign_in.html", {"wrong": "That is no operator's token."}, status=HTTP_401_UNAUTHORIZED)
    sessions = state.services.sessions
    if old := token_in(request, COOKIE):
        await sessions.end(old)
    token = await sessions.start(operator)
    await state.services.staff.note(operator, "session.start", "")
    answer = Redirect(HOME, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(host_cookie(COOKIE, token, LIFE))
    return answer


@post("/sign-out", include_in_schema=False)
async def sign_out(request: StaffRequest, state: StaffState) -> Response[Any]:
    """End the session."""
    operator: Operator = request.state[OPERATOR]
    if token := token_in(request, COOKIE):
        await state.services.sessions.end(token)
        await state.services.staff.note(operator, "session.end", "")
    answer = Redirect(SIGN_IN, status_code=HTTP_303_SEE_OTHER)
    answer.set_cookie(host_cookie(COOKIE, "", timedelta()))
    return answer


ROUTES: list[HTTPRouteHandler] = [
    home,
    switch,
    rebuild,
    retry,
    discard,
    letter,
    sign_in,
    enter,
    sign_out,
]
