"""Composition of the query API: its stores, services and background tasks, built from the configuration."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from typing import NamedTuple

from prometheus_client import CollectorRegistry

from query_api.api.dashboard import DashboardCache
from query_api.calendar.feed_urls import FeedUrls
from query_api.config import QueryApiConfig
from query_api.files.cache import DerivedFileCache
from query_api.files.logos import LogoService
from query_api.files.media_store import MediaStore
from query_api.files.service import FileService, tidying
from query_api.http.public_urls import PublicUrls
from query_api.http.tenant_middleware import TenantResolver
from query_api.payments.checkout import CheckoutService
from query_api.payments.outbox_publisher import OutboxPublisher, publishing
from query_api.payments.outcome_mailer import OutcomeMailer
from query_api.payments.settlement import Settlement
from query_api.payments.stripe_api import StripeGateway
from query_api.payments.webhook import Webhook
from query_api.pdf.renderer import PdfRenderer
from query_api.pdf.service import PdfService
from query_api.polling_worker import delivering
from query_api.services import QueryContextFactory, Services
from query_api.sign_in.codes import HmacKeyRing
from query_api.sign_in.mailer import SignInMailer
from query_api.sign_in.service import SignInService
from query_api.sign_in.sessions import SessionService
from read_models.clock import Clock
from read_models.documents import Doc
from read_models.queries import QueryContext
from read_models.queries.portal import CustomerScope, PortalQueries
from read_models.store import ReadModelStore, StoreUnavailable, retry_until_available
from read_models.store.operational import (
    CheckoutRepository,
    FileCache,
    HeartbeatData,
    OperationalStore,
)
from web.metric_snapshots import take_snapshot


class Stores(NamedTuple):
    """Connections of one process to everything that is stored."""

    views: ReadModelStore
    records: OperationalStore
    file_cache: FileCache | None


def connect_stores(config: QueryApiConfig) -> Stores:
    """Return the stores that the configuration names; each connects when it is first used."""
    views = ReadModelStore(config.mongo_url, config.mongo_database)
    file_cache = FileCache(config.cache_url) if config.cache_url else None
    return Stores(views, OperationalStore(views.database), file_cache)


def build_services(config: QueryApiConfig, stores: Stores, clock: Clock) -> Services:
    """Return the services of one process."""
    records = stores.records
    reads = PortalQueries(stores.views, clock)
    tenants = TenantResolver(reads, PublicUrls(config.public_url))
    sessions = SessionService(records, stores.views, reads, clock)
    files = _file_service(config, stores, reads, clock)
    settlement = _settlement(config, stores, clock)
    payments = CheckoutService(settlement, clock) if settlement else None
    return Services(
        ping_store=stores.views.ping,
        reads=reads,
        query_context=_query_context_factory(stores.views, clock, payments.checkouts if payments else None),
        dashboards=DashboardCache(reads, clock),
        tenants=tenants,
        sessions=sessions,
        sign_in=SignInService(records, reads, sessions, _sign_in_keys(config), config.limits, clock),
        logos=LogoService(config.media_url, notices=records.notices),
        files=files,
        pdfs=PdfService(files, PdfRenderer()) if files else None,
        feeds=FeedUrls(records, config.secret_keys, tenants),
        clock=clock,
        payments=payments,
        webhook=Webhook(settlement, config.payments.webhook_secret)
        if config.payments and settlement
        else None,
        payment_page_origin=config.payments.page_origin if config.payments else None,
    )


@asynccontextmanager
async def background_tasks(
    config: QueryApiConfig, stores: Stores, services: Services, registry: CollectorRegistry
) -> AsyncIterator[None]:
    """Run everything that a process does besides answering requests; closes the stores at the end."""
    async with AsyncExitStack() as stack:
        stack.push_async_callback(stores.views.close)
        await _prepare_stores(stores, stack)
        await _start_mail_and_payments(config, stores, services, stack)
        await stack.enter_async_context(tidying(stores.file_cache, stores.records.erasures, services.clock))
        heartbeat = stores.records.processes.heartbeat(
            "serve", stores.views.version, lambda: HeartbeatData((), take_snapshot(registry)), services.clock
        )
        await stack.enter_async_context(heartbeat)
        yield


async def _prepare_stores(stores: Stores, stack: AsyncExitStack) -> None:
    try:
        await stores.records.prepare()
        await stores.views.control.refresh()
    except StoreUnavailable:
        # The service starts without MongoDB and reports that it is not ready until MongoDB answers.
        preparing = asyncio.create_task(retry_until_available(stores.records.prepare))
        stack.callback(preparing.cancel)
    stores.views.start_polling()


async def _start_mail_and_payments(
    config: QueryApiConfig, stores: Stores, services: Services, stack: AsyncExitStack
) -> None:
    views, records = stores.views, stores.records
    reads, tenants, clock = services.reads, services.tenants, services.clock
    urls = PublicUrls(config.public_url)
    keys = _sign_in_keys(config)
    if keys and config.smtp_url:
        sign_in_mailer = SignInMailer(records, views, reads, keys, config.smtp_url, tenants, urls, clock)
        await stack.enter_async_context(delivering(sign_in_mailer))
    if services.payments:
        settlement = services.payments.outcomes
        stack.push_async_callback(settlement.stripe.close)
        await stack.enter_async_context(publishing(settlement.sender))
        if config.smtp_url:
            outcome_mailer = OutcomeMailer(settlement, views, reads, config.smtp_url, tenants, urls, clock)
            await stack.enter_async_context(delivering(outcome_mailer))


def _sign_in_keys(config: QueryApiConfig) -> HmacKeyRing | None:
    return HmacKeyRing(config.secret_keys) if config.sign_in else None


def _file_service(
    config: QueryApiConfig, stores: Stores, reads: PortalQueries, clock: Clock
) -> FileService | None:
    if not config.media_url or not stores.file_cache:
        return None
    notices = stores.records.notices
    cache = DerivedFileCache(stores.file_cache, notices, reads, clock)
    return FileService(MediaStore(config.media_url), cache, notices, clock)


def _settlement(config: QueryApiConfig, stores: Stores, clock: Clock) -> Settlement | None:
    payments = config.payments
    if payments is None:
        return None
    stripe = StripeGateway(payments.api_key, payments.api_base)
    sender = OutboxPublisher(stores.records.checkouts, payments.kafka, payments.topic, clock)
    return Settlement(stores.records, stores.views, stripe, sender, clock)


def _query_context_factory(
    views: ReadModelStore, clock: Clock, checkouts: CheckoutRepository | None
) -> QueryContextFactory:
    def query_context(scope: CustomerScope, business: Doc) -> QueryContext:
        return QueryContext(views, scope, business, clock(), checkouts)

    return query_context
