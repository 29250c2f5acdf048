"""ASGI application of the query API: routes, request pipeline, lifespan."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from prometheus_client import CollectorRegistry

from query_api.api.business import business_profile
from query_api.api.dashboard import dashboard
from query_api.api.routes import ROUTES as CUSTOMER
from query_api.bootstrap import background_tasks, build_services, connect_stores
from query_api.config import QueryApiConfig
from query_api.files.routes import ROUTES as MEDIA
from query_api.health import HealthController
from query_api.http.error_responses import answer
from query_api.http.etag import PRIVATE, conditional
from query_api.http.public_urls import PublicUrls
from query_api.http.tenant_middleware import TenantCheck
from query_api.openapi.plugins import CachedJsonPlugin, ReferencePage
from query_api.pages.routes import ROUTES as PAGES
from query_api.payments.routes import stripe_webhook
from query_api.pdf.routes import ROUTES as DOCUMENTS
from query_api.sign_in.routes import ROUTES as SIGN_IN
from read_models.clock import Clock, utc_now
from web.compression import compress_response
from web.latency_metrics import RequestLatency
from web.pipeline import ResponsePipeline
from web.request import SafeRequest
from web.request_limits import check_request_size
from web.security_headers import SecurityHeaders

MAX_BODY_BYTES = 16 * 1024
"""Upper limit of a request body: forms and JSON of the customer surface are short."""


def create_app(config: QueryApiConfig, clock: Clock = utc_now) -> Litestar:
    """Return the service; its lifespan connects to MongoDB and delivers mail.

    Its state has `store`, `reads`, `dashboards`, `portals`, `sessions`, `sign_in`, `logos`, `files`, `papers`, `feeds`,
    `clock`, and `payments`, `webhook` and `payment_page`, which are None where nothing can be paid online.
    """
    addresses = PublicUrls(config.public_url)
    registry = CollectorRegistry()

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        stores = connect_stores(config)
        services = build_services(config, stores, clock)
        app.state.services = services
        async with background_tasks(config, stores, services, registry):
            yield

    app = Litestar(
        route_handlers=[
            HealthController,
            business_profile,
            dashboard,
            stripe_webhook,
            *CUSTOMER,
            *SIGN_IN,
            *MEDIA,
            *DOCUMENTS,
            *PAGES,
        ],
        lifespan=[lifespan],
        request_class=SafeRequest,
        request_max_body_size=MAX_BODY_BYTES,
        logging_config=None,
        openapi_config=OpenAPIConfig(
            title="Customer portal",
            version="1",
            path="/-/openapi",
            render_plugins=[CachedJsonPlugin(path="/openapi.json"), ReferencePage(path="/")],
            use_handler_docstrings=True,
        ),
    )
    # The pipeline wraps the router in place of Litestar's own error middleware, so that 404 and 405 responses of the
    # router pass through the same checks, steps and metrics.
    secured = SecurityHeaders(https=config.https, domain=addresses.host, further=PRIVATE)
    app.asgi_handler = ResponsePipeline(
        app.asgi_router,
        answer,
        checks=(check_request_size, TenantCheck(addresses)),
        steps=(secured, conditional, compress_response),
        measure=RequestLatency(registry),
    )
    return app
