"""Services of one process of the query API, for request handlers."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Protocol

# Types only: the modules of most services import `services_of` themselves.
if TYPE_CHECKING:
    from litestar import Litestar, Request

    from query_api.api.dashboard import DashboardCache
    from query_api.calendar.feed_urls import FeedUrls
    from query_api.files.logos import LogoService
    from query_api.files.service import FileService
    from query_api.http.tenant_middleware import TenantResolver
    from query_api.payments.checkout import CheckoutService
    from query_api.payments.webhook import Webhook
    from query_api.pdf.service import PdfService
    from query_api.sign_in.service import SignInService
    from query_api.sign_in.sessions import SessionService
    from read_models.clock import Clock
    from read_models.documents import Doc
    from read_models.queries import QueryContext
    from read_models.queries.portal import CustomerScope, PortalQueries


class QueryContextFactory(Protocol):
    """Callable that returns the query context of a customer, as of now."""

    def __call__(self, scope: CustomerScope, business: Doc) -> QueryContext:
        """Return the context of the queries of one customer of a business."""
        ...


@dataclass(frozen=True)
class Services:
    """Everything that request handlers use. There is no store among it: reads go through a customer's context."""

    ping_store: Callable[[], Awaitable[None]]
    """Raises `StoreUnavailable` when MongoDB does not answer."""
    reads: PortalQueries
    query_context: QueryContextFactory
    dashboards: DashboardCache
    tenants: TenantResolver
    sessions: SessionService
    sign_in: SignInService
    logos: LogoService
    files: FileService | None
    """None without a media store or a file cache."""
    pdfs: PdfService | None
    """None where `files` is None."""
    feeds: FeedUrls
    clock: Clock
    payments: CheckoutService | None
    """None without online payments, as are `webhook` and `payment_page_origin`."""
    webhook: Webhook | None
    payment_page_origin: str | None
    """Origin of Stripe's payment pages, which forms may redirect to."""


def services_of(request: Request[Any, Any, Any]) -> Services:
    """Return the services of the application that handles a request."""
    return services_in(request.app)


def services_in(app: Litestar) -> Services:
    """Return the services of an application whose lifespan has started."""
    services: Services = app.state.services
    return services
