"""The customer surface, put together."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager

from litestar import Litestar
from litestar.openapi import OpenAPIConfig
from prometheus_client import CollectorRegistry

from query_api.api.business import business_profile
from query_api.api.dashboard import DashboardCache, dashboard
from query_api.api.routes import ROUTES as CUSTOMER
from query_api.calendar.feed_urls import FeedUrls
from query_api.config import QueryApiConfig
from query_api.files.cache import DerivedFileCache
from query_api.files.logos import LogoService
from query_api.files.media_store import MediaStore
from query_api.files.routes import ROUTES as MEDIA
from query_api.files.service import FileService, tidying
from query_api.health import HealthController
from query_api.http.error_responses import answer
from query_api.http.etag import PRIVATE, conditional
from query_api.http.public_urls import PublicUrls
from query_api.http.tenant_middleware import TenantCheck, TenantResolver
from query_api.openapi.plugins import CachedJsonPlugin, ReferencePage
from query_api.pages.routes import ROUTES as PAGES
from query_api.payments.checkout import CheckoutService
from query_api.payments.outbox_publisher import OutboxPublisher, publishing
from query_api.payments.outcome_mailer import OutcomeMailer
from query_api.payments.routes import stripe_webhook
from query_api.payments.settlement import Settlement
from query_api.payments.stripe_api import StripeGateway
from query_api.payments.webhook import Webhook
from query_api.pdf.renderer import PdfRenderer
from query_api.pdf.routes import ROUTES as DOCUMENTS
from query_api.pdf.service import PdfService
from query_api.polling_worker import delivering
from query_api.sign_in.codes import HmacKeyRing
from query_api.sign_in.mailer import SignInMailer
from query_api.sign_in.routes import ROUTES as SIGN_IN
from query_api.sign_in.service import SignInService
from query_api.sign_in.sessions import SessionService
from read_models.clock import Clock, utc_now
from read_models.queries.portal import PortalQueries
from read_models.store import ReadModelStore, StoreUnavailable, retry_until_available
from read_models.store.operational import FileCache, HeartbeatData, OperationalStore
from web.compression import compress_response
from web.latency_metrics import RequestLatency
from web.metric_snapshots import ok
from web.pipeline import ResponsePipeline
from web.request import SafeRequest
from web.request_limits import check_request_size
from web.security_headers import SecurityHeaders

MAX_BODY_BYTES = 16 * 1024
"""Forms and JSON of the customer surface are short."""


def create_app(config: QueryApiConfig, clock: Clock = utc_now) -> Litestar:
    """Yield the service; its lifespan connects to MongoDB and delivers mail.

    Its state has `store`, `reads`, `dashboards`, `portals`, `sessions`, `sign_in`, `logos`, `files`, `papers`, `feeds`,
    `clock`, and `payments`, `webhook` and `payment_page`, which are None where nothing can be paid online.
    """
    addresses = PublicUrls(config.public_url)

    @asynccontextmanager
    async def lifespan(app: Litestar) -> AsyncIterator[None]:
        store = ReadModelStore(config.mongo_url, config.mongo_database)
        records, reads = OperationalStore(store.database), PortalQueries(store, clock)
        keys = HmacKeyRing(config.secret_keys) if config.sign_in else None
        sessions = SessionService(records, store, reads, clock)
        portals = TenantResolver(reads, addresses)
        copies = FileCache(config.cache_url) if config.cache_url else None
        files = papers = None
        if config.media_url and copies:
            kept = DerivedFileCache(copies, records.notices, reads, clock)
            files = FileService(MediaStore(config.media_url), kept, records.notices, clock)
            papers = PdfService(files, PdfRenderer())
        online, outcomes = config.payments, None
        if online:
            stripe = StripeGateway(online.api_key, online.api_base)
            sender = OutboxPublisher(records.checkouts, online.kafka, online.topic, clock)
            outcomes = Settlement(records, store, stripe, sender, clock)
        app.state.update(
            store=store,
            reads=reads,
            portals=portals,
            sessions=sessions,
            sign_in=SignInService(records, reads, sessions, keys, config.limits, clock),
            logos=LogoService(config.media_url, notices=records.notices),
            files=files,
            papers=papers,
            feeds=FeedUrls(records, config.secret_keys, portals),
            dashboards=DashboardCache(reads, clock),
            clock=clock,
            payments=CheckoutService(outcomes, clock) if outcomes else None,
            webhook=Webhook(outcomes, online.webhook_secret) if online and outcomes else None,
            payment_page=online.page_origin if online else None,
        )
        async with AsyncExitStack() as stack:
            stack.push_async_callback(store.close)
            try:
                await records.prepare()
                await store.control.refresh()
            except StoreUnavailable:
                # The service runs all the same, and says that it is not ready until MongoDB is there.
                preparing = asyncio.create_task(retry_until_available(records.prepare))
                stack.callback(preparing.cancel)
            store.start_polling()
            if keys and config.smtp_url:
                mailer = SignInMailer(records, store, reads, keys, config.smtp_url, portals, addresses, clock)
                await stack.enter_async_context(delivering(mailer))
            if outcomes:
                stack.push_async_callback(outcomes.stripe.close)
                await stack.enter_async_context(publishing(outcomes.sender))
                if config.smtp_url:
                    teller = OutcomeMailer(outcomes, store, reads, config.smtp_url, portals, addresses, clock)
                    await stack.enter_async_context(delivering(teller))
            await stack.enter_async_context(tidying(copies, records.erasures, clock))
            telling = records.processes.heartbeat(
                "serve", store.version, lambda: HeartbeatData((), ok(registry)), clock
            )
            await stack.enter_async_context(telling)
            yield

    registry = CollectorRegistry()
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
    # Around the router, without Litestar's own answers to errors: what no route answers, 404 and 405, is a request
    # like any other.
    secured = SecurityHeaders(https=config.https, domain=addresses.host, further=PRIVATE)
    app.asgi_handler = ResponsePipeline(
        app.asgi_router,
        answer,
        checks=(check_request_size, TenantCheck(addresses)),
        steps=(secured, conditional, compress_response),
        measure=RequestLatency(registry),
    )
    return app
