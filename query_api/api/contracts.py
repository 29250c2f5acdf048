"""`/{slug}/api/subscriptions…` and `/{slug}/api/contracts…`"""

from typing import Annotated, Literal

import msgspec
from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import PART, answers, served
from query_api.api.schemas.details import ContractDetail, SubscriptionDetail
from query_api.api.schemas.lists import Contracts, CountedVisits, Subscriptions
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
"""The figures of a contract's health (VIEWS.md, The visits behind a figure)."""

Month = Annotated[str, msgspec.Meta(pattern="^[0-9]{4}-(0[1-9]|1[0-2])$", max_length=7)]


@get(
    "/subscriptions",
    operation_id="listSubscriptions",
    tags=["subscriptions"],
    dependencies=PART,
    responses=answers(Subscriptions),
)
async def subscriptions(
    reading: NamedDependency[QueryContext], part: NamedDependency[PageQuery]
) -> PrebuiltJson:
    """All subscriptions, by the name of their plan."""
    return served(await queries.subscriptions(reading, part))


@get(
    "/subscriptions/{subscription_id:str}",
    operation_id="getSubscription",
    tags=["subscriptions"],
    responses=answers(SubscriptionDetail),
)
async def subscription(
    reading: NamedDependency[QueryContext], subscription_id: FromPath[str]
) -> PrebuiltJson:
    """One subscription, with the 10 soonest appointments that name it."""
    return served(await queries.subscription(reading, subscription_id))


@get(
    "/contracts",
    operation_id="listContracts",
    tags=["contracts"],
    dependencies=PART,
    responses=answers(Contracts),
)
async def contracts(reading: NamedDependency[QueryContext], part: NamedDependency[PageQuery]) -> PrebuiltJson:
    """All contracts with their health, the latest first."""
    return served(await queries.contracts(reading, part))


@get(
    "/contracts/{contract_id:str}",
    operation_id="getContract",
    tags=["contracts"],
    responses=answers(ContractDetail),
)
async def contract(reading: NamedDependency[QueryContext], contract_id: FromPath[str]) -> PrebuiltJson:
    """One contract, with its 10 latest past visits and its 10 soonest appointments."""
    return served(await queries.contract(reading, contract_id))


@get(
    "/contracts/{contract_id:str}/visits",
    operation_id="listContractVisits",
    tags=["contracts"],
    dependencies=PART,
    responses=answers(CountedVisits),
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
    """The visits behind a health figure, latest first; all that have an outcome, where none is named."""
    return served(await queries.contract_visits(reading, contract_id, part, counted or (), month or ()))


ROUTES: list[ControllerRouterHandler] = [
    subscriptions,
    subscription,
    contracts,
    contract,
    contract_visits,
]
