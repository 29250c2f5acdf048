"""Every page of the customer surface, for `create_app` to register."""

from litestar import Router
from litestar.types import ControllerRouterHandler

from query_api.pages.account import ROUTES as ACCOUNT
from query_api.pages.activity import activity
from query_api.pages.contracts import ROUTES as CONTRACTS
from query_api.pages.home import home
from query_api.pages.invoices import ROUTES as INVOICES
from query_api.pages.public import accessibility, help_page, logo
from query_api.pages.request_context import provide_page
from query_api.pages.sign_in import open_link, show_form, sign_in_with_link, sign_out, submit_form
from query_api.pages.signed_in import provide_visitor
from query_api.pages.subscriptions import ROUTES as SUBSCRIPTIONS
from query_api.pages.visit import ROUTES as VISIT
from query_api.pages.visits import appointments, visits
from query_api.pages.web_manifest import ROUTES as INSTALLING
from web import assets

PAGES = Router(
    path="/",
    route_handlers=[
        home,
        activity,
        visits,
        appointments,
        *VISIT,
        *INVOICES,
        *CONTRACTS,
        *SUBSCRIPTIONS,
        *ACCOUNT,
        show_form,
        submit_form,
        open_link,
        sign_in_with_link,
        sign_out,
        help_page,
        accessibility,
        logo,
        *INSTALLING,
    ],
    dependencies={"page": provide_page, "visitor": provide_visitor},
)

ROUTES: list[ControllerRouterHandler] = [PAGES, *assets.ROUTES]
"""The pages and their assets. They lie outside `/{slug}/api/` and appear in no OpenAPI document."""
