"""`/{slug}/api/subscriptions…`: subscriptions of a customer."""

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import PART, json_or_404, response_specs
from query_api.api.schemas.details import SubscriptionDetail
from query_api.api.schemas.lists import Subscriptions
from query_api.http.prebuilt_response import PrebuiltJson
from read_models import queries
from read_models.queries import PageQuery, QueryContext


@get(
    "/subscriptions",
    operation_id="listSubscriptions",
    tags=["subscriptions"],
    dependencies=PART,
    responses=response_specs(Subscriptions),
)
async def subscriptions(
    reading: NamedDependency[QueryContext], part: NamedDependency[PageQuery]
) -> PrebuiltJson:
    """Return all subscriptions, by the name of their plan."""
    return json_or_404(await queries.subscriptions(reading, part))


@get(
    "/subscriptions/{subscription_id:str}",
    operation_id="getSubscription",
    tags=["subscriptions"],
    responses=response_specs(SubscriptionDetail),
)
async def subscription(
    reading: NamedDependency[QueryContext], subscription_id: FromPath[str]
) -> PrebuiltJson:
    """Return one subscription, with the 10 soonest appointments that name it."""
    return json_or_404(await queries.subscription(reading, subscription_id))


ROUTES: list[ControllerRouterHandler] = [subscriptions, subscription]
