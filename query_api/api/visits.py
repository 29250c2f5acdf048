"""`/{slug}/api/appointments` and `/{slug}/api/visits…`"""

from typing import Annotated

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import PART, json_or_404, response_specs
from query_api.api.schemas.details import ProofPack, Visit
from query_api.api.schemas.lists import Appointments, Outcome, Visits
from query_api.http.prebuilt_response import PrebuiltJson
from read_models import queries
from read_models.queries import PageQuery, QueryContext


@get(
    "/appointments",
    operation_id="listAppointments",
    tags=["visits"],
    dependencies=PART,
    responses=response_specs(Appointments),
)
async def appointments(
    reading: NamedDependency[QueryContext], part: NamedDependency[PageQuery]
) -> PrebuiltJson:
    """Return all appointments without an outcome, soonest first; `awaiting` are those whose window has passed."""
    return json_or_404(await queries.appointments(reading, part))


@get(
    "/visits",
    operation_id="listVisits",
    tags=["visits"],
    dependencies=PART,
    responses=response_specs(Visits),
    filters=("status",),
)
async def visits(
    reading: NamedDependency[QueryContext],
    part: NamedDependency[PageQuery],
    status: Annotated[list[Outcome] | None, QueryParameter(description="Any of these.")] = None,
) -> PrebuiltJson:
    """Past visits, latest first."""
    return json_or_404(await queries.visits(reading, part, status or ()))


@get("/visits/{visit_id:str}", operation_id="getVisit", tags=["visits"], responses=response_specs(Visit))
async def visit(reading: NamedDependency[QueryContext], visit_id: FromPath[str]) -> PrebuiltJson:
    """Return one visit or appointment, with its Proof Pack."""
    return json_or_404(await queries.visit(reading, visit_id))


@get(
    "/visits/{visit_id:str}/proof",
    operation_id="getProof",
    tags=["visits"],
    responses=response_specs(ProofPack),
)
async def proof(reading: NamedDependency[QueryContext], visit_id: FromPath[str]) -> PrebuiltJson:
    """Return the Proof Pack of a visit; 404 if there is none."""
    return json_or_404(await queries.proof_pack(reading, visit_id))


ROUTES: list[ControllerRouterHandler] = [appointments, visits, visit, proof]
