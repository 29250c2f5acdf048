"""Pages of the staff surface: the self-refreshing overview, its buttons, dead letters and sign-in."""

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
from projectors.staff.alerts import current_alerts, is_alive
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
from projectors.staff.sessions import COOKIE, SESSION_TTL
from projectors.staff.templating import page
from read_models.store import OperationRefused
from web.cookies import host_cookie, token_in
from web.problems import retry_after_seconds

HOME: Final = "/"
REFRESH_INTERVAL_S: Final = 10
"""Reload interval of the page without JavaScript."""
EXPECTED_ERRORS: Final = (
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
    """Show alerts first, then details; with `done`, also the outcome of the last button, once."""
    service = state.services.staff
    operator = operator_of(request)
    message, error = service.flash_messages.pop(operator.name, ("", "")) if done is not None else ("", "")
    overview = await service.overview()
    now = service.clock()
    values: dict[str, Any] = {
        "o": overview,
        "now": now,
        "is_alive": is_alive,
        "alerts": current_alerts(overview, service.store.version, now),
        "chart": chart(service.watch.history, overview.lag, now),
        "operator": operator,
        "refresh_interval": None if still is not None else REFRESH_INTERVAL_S,
        "paused": still is not None,
        "message": message,
        "error": error,
        "version": service.store.version,
        "rebuild_runs": service.rebuild_process.is_running,
    }
    return page("home.html", values)


async def _redirect_with_outcome(
    request: StaffRequest, service: StaffService, work: Awaitable[str]
) -> Response[Any]:
    """Run *work* and redirect to the overview, which shows its outcome."""
    try:
        outcome = await work, ""
    except EXPECTED_ERRORS as error:
        outcome = "", str(error)
    service.flash_messages[operator_of(request).name] = outcome
    return Redirect(f"{HOME}?done=1", status_code=HTTP_303_SEE_OTHER)


@post("/generations/{what:str}", include_in_schema=False)
async def switch(
    what: FromPath[Literal["promote", "rollback"]], request: StaffRequest, state: StaffState, data: Form
) -> Response[Any]:
    """Promote or roll back to exactly the generation that the button named."""
    requested = data.get("generation", "")

    async def work() -> str:
        generation = int(requested) if GENERATION.fullmatch(requested) else None
        pointer = await state.services.staff.switch(what, operator_of(request), 0.0, generation=generation)
        return f"Generation {pointer.served} is served."

    return await _redirect_with_outcome(request, state.services.staff, work())


@post("/rebuilds", include_in_schema=False)
async def rebuild(request: StaffRequest, state: StaffState) -> Response[Any]:
    """Start a rebuild."""

    async def work() -> str:
        await state.services.staff.rebuild([], operator_of(request))
        return "A rebuild has been started; it fills a generation beside what is served."

    return await _redirect_with_outcome(request, state.services.staff, work())


@post("/dead-letters/{name:str}/retry", include_in_schema=False)
async def retry(name: FromPath[str], request: StaffRequest, state: StaffState) -> Response[Any]:
    """Retry a dead letter."""

    async def work() -> str:
        result = await state.services.staff.retry(name, operator_of(request))
        return f"{name}: retried; {result.applied} records applied."

    return await _redirect_with_outcome(request, state.services.staff, work())


@post("/dead-letters/{name:str}/discard", include_in_schema=False)
async def discard(name: FromPath[str], request: StaffRequest, state: StaffState, data: Form) -> Response[Any]:
    """Discard a dead letter, with a reason."""

    async def work() -> str:
        reason = data.get("reason", "").strip()
        if not reason:
            raise OperationRefused(f"{name} was not discarded: say why, for the audit")
        result = await state.services.staff.discard(name, operator_of(request), reason[:1000])
        return f"{name}: discarded; {result.applied} records applied."

    return await _redirect_with_outcome(request, state.services.staff, work())


@get("/dead-letters/{name:str}", include_in_schema=False)
async def dead_letter(name: FromPath[str], request: StaffRequest, state: StaffState) -> Response[str]:
    """Show a dead letter with its record."""
    description = await state.services.staff.describe_dead_letter(name)
    values = {"operator": operator_of(request), "name": name, "description": description}
    return page("letter.html", values)


@get(SIGN_IN, include_in_schema=False)
async def sign_in() -> Response[str]:
    """Show the sign-in page."""
    return page("sign_in.html", {"error": ""})


@post(SIGN_IN, include_in_schema=False)
async def submit_sign_in(request: StaffRequest, state: StaffState, data: Form) -> Response[Any]:
    """Sign in with an operator's token."""
    try:
        operator: Operator | None = await operator_for_token(
            data.get("token", "").strip(), state.services, client_network(request)
        )
    except TooManyTokenAttempts as error:
        wait = retry_after_seconds(error.retry_after)
        response = page(
            "sign_in.html",
            {"error": f"Too many wrong tokens. Try again in {-(-wait // 60)} min."},
            status=429,
        )
        response.headers["Retry-After"] = str(wait)
        return response
    if operator is None:
        return page("sign_in.html", {"error": "That is no operator's token."}, status=HTTP_401_UNAUTHORIZED)
    sessions = state.services.sessions
    if old := token_in(request, COOKIE):
        await sessions.end(old)
    token = await sessions.start(operator)
    await state.services.staff.note(operator, "session.start", "")
    response = Redirect(HOME, status_code=HTTP_303_SEE_OTHER)
    response.set_cookie(host_cookie(COOKIE, token, SESSION_TTL))
    return response


@post("/sign-out", include_in_schema=False)
async def sign_out(request: StaffRequest, state: StaffState) -> Response[Any]:
    """End the session."""
    operator: Operator = request.state[OPERATOR]
    if token := token_in(request, COOKIE):
        await state.services.sessions.end(token)
        await state.services.staff.note(operator, "session.end", "")
    response = Redirect(SIGN_IN, status_code=HTTP_303_SEE_OTHER)
    response.set_cookie(host_cookie(COOKIE, "", timedelta()))
    return response


ROUTES: list[HTTPRouteHandler] = [
    home,
    switch,
    rebuild,
    retry,
    discard,
    dead_letter,
    sign_in,
    submit_sign_in,
    sign_out,
]
