"""Pages of contracts: their health, and the visits behind every figure."""

import asyncio
import re
from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import ValidationException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from query_api.pages.presenters import contract_health, dashboard
from query_api.pages.request_context import PageRequest
from query_api.pages.signed_in import SignedInPage, found_or_404, page_query, pagination_links
from read_models import queries
from read_models.documents import Doc

MONTH = re.compile(r"[0-9]{4}-(0[1-9]|1[0-2])")


@get("/{slug:str}/contracts", include_in_schema=False)
async def contracts(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Return all contracts with their figures, the latest first."""
    found = await queries.contracts(visitor.reading, page_query(request))
    shown = [{"item": item, "figures": dashboard.figures(item["health"])} for item in found["items"]]
    return visitor.render("contracts.html", contracts=shown, **pagination_links(request, found))


@get("/{slug:str}/contracts/{contract_id:str}", include_in_schema=False)
async def contract(visitor: NamedDependency[SignedInPage], contract_id: FromPath[str]) -> Response[Any]:
    """Return one contract: what is promised, how it is kept, and its visits."""
    found = found_or_404(await queries.contract(visitor.reading, contract_id))
    kept = found["health"]
    return visitor.render(
        "contract.html",
        contract=found,
        cards=contract_health.cards(kept),
        months=list(reversed(contract_health.gapless(kept["trend"]))),
    )


@get("/{slug:str}/contracts/{contract_id:str}/visits", include_in_schema=False)
async def contract_visits(
    visitor: NamedDependency[SignedInPage], request: PageRequest, contract_id: FromPath[str]
) -> Response[Any]:
    """Return the visits behind a figure, or all that have an outcome, of one month where one is chosen."""
    counted = validated_filter(request, "counted", contract_health.FIGURES)
    month = request.query_params.get("month")
    if month is not None and not MONTH.fullmatch(month):
        raise ValidationException("month: this is no month of the form YYYY-MM.")
    part = page_query(request)
    owner, found = await asyncio.gather(
        queries.contract(visitor.reading, contract_id),
        queries.contract_visits(
            visitor.reading,
            contract_id,
            part,
            [counted] if counted else (),
            [month] if month else (),
        ),
    )
    owner, found = found_or_404(owner), found_or_404(found)
    return visitor.render(
        "contract_visits.html",
        contract=owner,
        counted=counted,
        figures=contract_health.FIGURES,
        month=month,
        length=visit_count(owner["health"], counted, month),
        found=found["items"],
        **pagination_links(request, found),
    )


def validated_filter(request: PageRequest, name: str, known: tuple[str, ...]) -> str | None:
    """Return the value of a filter, None where it is not set; raises ValidationException for one that is not
    `known`."""
    value: str | None = request.query_params.get(name)
    if value is not None and value not in known:
        raise ValidationException(f"{name}: this list has no such filter.")
    return value


def visit_count(kept: Doc, counted: str | None, month: str | None) -> int | None:
    """Return how many visits a list holds, as far as the contract's health counts them."""
    if counted in (None, "excluded"):
        return None
    if month is None:
        return contract_health.counts(kept)[counted]
    of_month = next((one for one in kept["trend"] if one["month"] == month), None)
    return contract_health.counts(of_month)[counted] if of_month else None


ROUTES: list[ControllerRouterHandler] = [contracts, contract, contract_visits]
