"""`/{slug}/api/contracts…`: contracts, and the visits behind a health figure."""

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import PART, json_or_404, response_specs
from query_api.api.schemas.details import ContractDetail
from query_api.api.schemas.lists import Contracts, CountedVisits
from query_api.http.prebuilt_response import PrebuiltJson
from read_models import queries
from read_models.queries import PageQuery, QueryContext

Figure = Literal[
    "due",
    "completed",
    "on_time",
    "late",
    "untimed",
    "with_proof",
    "without_proof",
    "missed",
    "excluded",
]
"""The figures of a contract's health (docs/contracts/views.md, The visits behind a figure)."""

Month = Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", max_length=7)]


@get(
    "/contracts",
    operation_id="listContracts",
    tags=["contracts"],
    dependencies=PART,
    responses=response_specs(Contracts),
)
async def contracts(reading: NamedDependency[QueryContext], part: NamedDependency[PageQuery]) -> PrebuiltJson:
    """Return all contracts with their health, the latest first."""
    return json_or_404(await queries.contracts(reading, part))


@get(
    "/contracts/{contract_id:str}",
    operation_id="getContract",
    tags=["contracts"],
    responses=response_specs(ContractDetail),
)
async def contract(reading: NamedDependency[QueryContext], contract_id: FromPath[str]) -> PrebuiltJson:
    """Return one contract, with its 10 latest past visits and its 10 soonest appointments."""
    return json_or_404(await queries.contract(reading, contract_id))


@get(
    "/contracts/{contract_id:str}/visits",
    operation_id="listContractVisits",
    tags=["contracts"],
    dependencies=PART,
    responses=response_specs(CountedVisits),
    filters=("counted", "month"),
)
async def contract_visits(
    reading: NamedDependency[QueryContext],
    part: NamedDependency[PageQuery],
    contract_id: FromPath[str],
    counted: Annotated[
        list[Figure] | None, QueryParameter(description="Those counted in any of these figures.")
    ] = None,
    month: Annotated[
        list[Month] | None,
        QueryParameter(description="Those in any of these months, `YYYY-MM` in the visit's zone."),
    ] = None,
) -> PrebuiltJson:
    """Return the visits behind a health figure, latest first; all that have an outcome, where none is named."""
    return json_or_404(await queries.contract_visits(reading, contract_id, part, counted or (), month or ()))


ROUTES: list[ControllerRouterHandler] = [
    contracts,
    contract,
    contract_visits,
]
