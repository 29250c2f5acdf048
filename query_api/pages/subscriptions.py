"""Pages of subscriptions: the list and one of them."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from query_api.pages.request_context import PageRequest
from query_api.pages.signed_in import SignedInPage, found_or_404, page_query, pagination_links
from read_models import queries


@get("/{slug:str}/subscriptions", include_in_schema=False)
async def subscriptions(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Return all subscriptions, by the name of their plan."""
    found = await queries.subscriptions(visitor.reading, page_query(request))
    return visitor.render(
        "subscriptions.html", subscriptions=found["items"], **pagination_links(request, found)
    )


@get("/{slug:str}/subscriptions/{subscription_id:str}", include_in_schema=False)
async def subscription(
    visitor: NamedDependency[SignedInPage], subscription_id: FromPath[str]
) -> Response[Any]:
    """Return one subscription: its state, what it consists of, and when we come."""
    found = found_or_404(await queries.subscription(visitor.reading, subscription_id))
    return visitor.render("subscription.html", subscription=found)


ROUTES: list[ControllerRouterHandler] = [subscriptions, subscription]
