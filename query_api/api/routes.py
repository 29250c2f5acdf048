"""Every list and detail of the customer surface, for `create_app` to register."""

from litestar import Router
from litestar.di import Provide
from litestar.types import ControllerRouterHandler

from query_api.api import contracts, invoices, subscriptions, visits
from query_api.api.activity import activity
from query_api.api.dependencies import provide_reading, require_session
from query_api.calendar import routes as calendar
from query_api.export import routes as export
from query_api.payments import routes as payments

ROUTES: list[ControllerRouterHandler] = [
    Router(
        path="/{slug:str}/api",
        route_handlers=[
            *visits.ROUTES,
            *invoices.ROUTES,
            *contracts.ROUTES,
            *subscriptions.ROUTES,
            activity,
            *payments.ROUTES,
            *calendar.ROUTES,
            *export.ROUTES,
        ],
        guards=[require_session],
        dependencies={"reading": Provide(provide_reading, sync_to_thread=False)},
    ),
    calendar.feed,
]
