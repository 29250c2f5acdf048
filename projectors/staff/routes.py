"""JSON API of the staff surface (docs/contracts/api.md, Staff surface)."""

from typing import Annotated, Any, Final, Literal

import msgspec
from litestar import Response, get, post
from litestar.exceptions import ClientException
from litestar.handlers import HTTPRouteHandler
from litestar.params import FromPath, FromQuery, JSONBody, QueryParameter
from litestar.status_codes import HTTP_200_OK, HTTP_202_ACCEPTED

from projectors.operations.dead_letter_serializers import dead_letter_to_json, error_to_json
from projectors.operations.generation_report import overview
from projectors.operations.promotion import WAIT_S
from projectors.operations.quarantine import RetryResult
from projectors.staff.authentication import OPERATOR, StaffRequest
from projectors.staff.metrics import CONTENT_TYPE, exposition
from projectors.staff.operators import Operator
from projectors.staff.services import StaffState

MAX_WAIT_S: Final = 120.0

Limit = Annotated[int, QueryParameter(ge=1, le=500)]


def operator_of(request: StaffRequest) -> Operator:
    """Return the authenticated operator of a request."""
    operator: Operator = request.state[OPERATOR]
    return operator


class GenerationSwitchBody(msgspec.Struct, forbid_unknown_fields=True):
    """Options of a switch; `force` and `reason` go together."""

    wait: Annotated[float, msgspec.Meta(ge=0, le=MAX_WAIT_S)] = WAIT_S
    force: bool = False
    reason: Annotated[str, msgspec.Meta(max_length=1000)] | None = None

    def forced(self) -> str | None:
        """Return the reason of a forced switch; raise ClientException if only one of the two is given."""
        reason = (self.reason or "").strip() or None
        if self.force != (reason is not None):
            raise ClientException("reason: force needs a reason, and a reason is for force alone.")
        return reason


class DiscardBody(msgspec.Struct, forbid_unknown_fields=True):
    """Body of a discard: why the record is never to be applied."""

    reason: Annotated[str, msgspec.Meta(max_length=1000, pattern=r"\S")]


class RebuildBody(msgspec.Struct, forbid_unknown_fields=True):
    """Options of a rebuild, as of `portal rebuild`."""

    promote: bool = False
    restart: bool = False
    workers: Annotated[int, msgspec.Meta(ge=1, le=64)] | None = None
    max_rate: Annotated[int, msgspec.Meta(ge=1)] | None = None
    customer: (
        Annotated[str, msgspec.Meta(pattern=r"^[A-Za-z0-9_-]{1,64}/[A-Za-z0-9_-]{1,64}(?!\n)$")] | None
    ) = None

    def options(self) -> list[str]:
        """Return the command's options; raise ClientException where they exclude each other."""
        if self.customer is not None:
            if self != RebuildBody(customer=self.customer):
                raise ClientException("customer: goes with nothing else, it is projected again where it is.")
            return [f"--customer={self.customer}"]
        found = []
        for name, value in (
            ("--promote", self.promote),
            ("--restart", self.restart),
            ("--workers", self.workers),
            ("--max-rate", self.max_rate),
        ):
            if value:
                found += [name] if value is True else [name, str(value)]
        return found


@get("/api/lag")
async def lag(state: StaffState) -> dict[str, Any]:
    """Return how far the views are behind the log."""
    return (await state.services.staff.watch.lag()).as_json()


@get("/api/generations")
async def list_generations(state: StaffState) -> dict[str, Any]:
    """Return the numbers of the served, standby, level and filling generations, and all generations."""
    return await overview(state.services.staff.store)


@post("/api/generations/{what:str}", status_code=HTTP_200_OK)
async def switch(
    what: FromPath[Literal["promote", "rollback"]],
    request: StaffRequest,
    state: StaffState,
    data: JSONBody[GenerationSwitchBody | None] = None,
) -> dict[str, Any]:
    """Switch the served generation; 409 if refused."""
    order = data or GenerationSwitchBody()
    await state.services.staff.switch(what, operator_of(request), order.wait, order.forced())
    return await overview(state.services.staff.store)


@get("/api/rebuilds")
async def list_rebuilds(state: StaffState) -> dict[str, Any]:
    """Return running and past rebuilds."""
    return {"items": await state.services.staff.rebuilds()}


@post("/api/rebuilds", status_code=HTTP_202_ACCEPTED)
async def rebuild(
    request: StaffRequest, state: StaffState, data: JSONBody[RebuildBody | None] = None
) -> dict[str, Any]:
    """Start a rebuild, or resume an unfinished one."""
    await state.services.staff.rebuild((data or RebuildBody()).options(), operator_of(request))
    return {"items": await state.services.staff.rebuilds()}


@get("/api/dead-letters")
async def dead_letters(
    state: StaffState,
    error: FromQuery[str | None] = None,
    lane: FromQuery[int | None] = None,
    limit: Limit = 100,
) -> dict[str, Any]:
    """Return dead letters: counts by error, and the latest ones, filtered by error and lane."""
    letters = state.services.staff.store.letters
    return {
        "errors": [error_to_json(one) for one in await letters.errors()],
        "items": [dead_letter_to_json(one) for one in await letters.latest(limit, error, lane)],
    }


@get("/api/dead-letters/{name:str}")
async def dead_letter(name: FromPath[str], state: StaffState) -> dict[str, Any]:
    """Return a dead letter with its record, contact data masked."""
    description: dict[str, Any] = await state.services.staff.describe_dead_letter(name)
    return description


@post("/api/dead-letters/{name:str}/retry", status_code=HTTP_200_OK)
async def retry(name: FromPath[str], request: StaffRequest, state: StaffState) -> dict[str, Any]:
    """Apply the event and those waiting behind it; 409 if it still fails."""
    return _result_to_json(await state.services.staff.retry(name, operator_of(request)))


@post("/api/dead-letters/{name:str}/discard", status_code=HTTP_200_OK)
async def discard(
    name: FromPath[str], request: StaffRequest, state: StaffState, data: JSONBody[DiscardBody]
) -> dict[str, Any]:
    """Exclude the record for good, and apply the events waiting behind it."""
    return _result_to_json(
        await state.services.staff.discard(name, operator_of(request), data.reason.strip())
    )


def _result_to_json(result: RetryResult) -> dict[str, Any]:
    return {"applied": result.applied, "released": list(result.owners)}


@get("/api/notices")
async def notices(state: StaffState) -> dict[str, Any]:
    """Return the notices for operators."""
    return {"items": [one._asdict() for one in await state.services.staff.notices.all()]}


@get("/api/audit")
async def audit(state: StaffState, limit: Limit = 100) -> dict[str, Any]:
    """Return the audit, latest first."""
    return {"items": [one._asdict() for one in await state.services.staff.records.audit.latest(limit)]}


@get("/metrics")
async def metrics(state: StaffState) -> Response[bytes]:
    """Return the metrics for Prometheus."""
    return Response(await exposition(state.services.staff), media_type=CONTENT_TYPE)


ROUTES: list[HTTPRouteHandler] = [
    lag,
    list_generations,
    switch,
    list_rebuilds,
    rebuild,
    dead_letters,
    dead_letter,
    retry,
    discard,
    notices,
    audit,
    metrics,
]
