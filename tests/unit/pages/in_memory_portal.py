"""A portal in memory: the pages over stand-ins for the reads and the sign-in."""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import httpx
from litestar import Litestar
from litestar.datastructures import State

from query_api.files.logos import LogoService
from query_api.http.error_responses import answer
from query_api.http.public_urls import PublicUrls
from query_api.http.tenant_middleware import TenantCheck, TenantResolver
from query_api.pages.routes import ROUTES
from query_api.services import Services
from query_api.sign_in.cookies import ClientInfo
from query_api.sign_in.errors import (
    Account,
    AccountChoiceRequired,
    InvalidCredentials,
    InvalidEmail,
    TooManyAttempts,
)
from query_api.sign_in.routes import ask_for_code
from query_api.sign_in.service import LinkStatus
from read_models.queries import QueryContext
from read_models.queries.portal import CustomerScope, CustomerSnapshot
from read_models.store.operational import SessionRecord
from web.pipeline import ResponsePipeline
from web.request import SafeRequest

URL = "https://portal.test"
NOW = datetime(2026, 11, 24, 18, 0, 20, tzinfo=UTC)
CODE = "123456"
LINK = "l" * 43
SESSION = "s" * 43
BINDING = "b" * 43

BUSINESS: dict[str, Any] = {
    "_id": "biz_1",
    "name": "Clearwater Pools",
    "slug": "clearwater",
    "closed": False,
    "timezone": "America/Phoenix",
    "locale": "en-US",
    "branding": {"logo": None, "primary_color": "#0f6e84", "tagline": None},
    "support": {"email": "help@clearwater.test", "phone": None},
}
CUSTOMER: dict[str, Any] = {"id": "cus_1", "name": "Maria Gonzalez", "locale": None}

EMPTY: dict[str, Any] = {
    "customer": {"id": "cus_1", "name": "Maria Gonzalez", "emails": ["maria@mail.test"], "phone": None},
    **dict.fromkeys(
        ("upcoming", "awaiting", "recent_visits", "open_invoices", "balance", "subscriptions", "contracts"),
        (),
    ),
    **dict.fromkeys(("upcoming_count", "awaiting_count", "open_invoice_count"), 0),
    "updated_at": "2026-11-24T17:00:00.000Z",
    "as_of": "2026-11-24T18:00:10.000Z",
}
"""The dashboard of a new customer."""


class Session:
    """Somebody who is signed in."""

    def __init__(self, customer: dict[str, Any], as_of: datetime) -> None:
        self.customer = customer
        self.known = CustomerSnapshot(customer, as_of)
        self.scope = CustomerScope("biz_1", "cus_1")
        self.record = SessionRecord(
            "", "ses_1", "biz_1", "cus_1", "maria@mail.test", "", NOW, NOW, NOW, last_here_at=None
        )


class Reads:
    """One business, one customer, one dashboard; `down` when the store does not answer."""

    def __init__(self, dashboard: dict[str, Any]) -> None:
        self.shown = dashboard
        self.down = False

    async def business(self, slug: str) -> dict[str, Any] | None:
        return BUSINESS if slug == BUSINESS["slug"] else None

    async def business_by_host(self, _host: str) -> None:
        return None

    def ready(self) -> bool:
        return True

    async def dashboard(self, _known: CustomerSnapshot, business: dict[str, Any]) -> dict[str, Any]:
        assert business == BUSINESS
        if self.down:
            raise ConnectionError
        return self.shown


class Store:
    """Nothing but the dashboard is there."""

    async def range(self, _wanted: object) -> list[dict[str, Any]]:
        return []

    async def documents(self, *ids: str) -> list[None]:
        return [None for _ in ids]


class SignIn:
    """Lets in with one code and one link; `several` are those to choose from, `limited` when it is too much."""

    def __init__(self, customer: dict[str, Any], accounts: Sequence[Account], as_of: datetime) -> None:
        self.customer = customer
        self.as_of = as_of
        self.several = accounts
        self.limited = False
        self.newer_at: datetime | None = None
        self.asked: list[str] = []
        self.ended: list[str | None] = []

    async def session(self, _business: object, token: str | None) -> Session | None:
        return Session(self.customer, self.as_of) if token == SESSION else None

    async def request_code(self, _business: object, email: str, _browser: ClientInfo) -> str:
        if "@" not in email:
            raise InvalidEmail
        self._limit()
        self.asked.append(email)
        return BINDING

    async def sign_in_with_code(
        self, _business: object, _email: str, code: str, _browser: ClientInfo, customer_id: str | None = None
    ) -> str:
        self._limit()
        return self._enter(code == CODE, customer_id)

    async def sign_in_with_link(
        self, _business: object, token: str, _browser: ClientInfo, customer_id: str | None = None
    ) -> str:
        return self._enter(token == LINK, customer_id)

    async def link(self, _business: object, token: str) -> LinkStatus:
        return LinkStatus("maria@mail.test", None) if token == LINK else LinkStatus(None, self.newer_at)

    async def accounts(self, _session: Session, _limit: int = 0) -> Sequence[Account]:
        return self.several

    async def sign_out(self, browser: ClientInfo) -> None:
        self.ended.append(browser.session)

    def _limit(self) -> None:
        if self.limited:
            raise TooManyAttempts(timedelta(seconds=90))

    def _enter(self, right: bool, customer_id: str | None) -> str:
        if not right:
            raise InvalidCredentials
        if self.several and customer_id is None:
            raise AccountChoiceRequired(self.several)
        return SESSION


class Portal:
    """The pages, and what stands behind them."""

    def __init__(
        self,
        *,
        dashboard: dict[str, Any] = EMPTY,
        customer: dict[str, Any] = CUSTOMER,
        accounts: Sequence[Account] = (),
        as_of: datetime = NOW,
    ) -> None:
        self.reads = Reads(dashboard)
        self.sign_in = SignIn(customer, accounts, as_of)
        addresses = PublicUrls(URL)
        unused: Any = None
        self.services = Services(
            ping_store=unused,
            reads=self.reads,  # type: ignore[arg-type]
            query_context=lambda scope, business: QueryContext(Store(), scope, business, NOW),  # type: ignore[arg-type]
            dashboards=unused,
            tenants=TenantResolver(self.reads, addresses),  # type: ignore[arg-type]
            sessions=unused,
            sign_in=self.sign_in,  # type: ignore[arg-type]
            logos=LogoService(None),
            files=None,
            pdfs=None,
            feeds=unused,
            clock=lambda: NOW,
            payments=None,
            webhook=None,
            payment_page_origin=None,
        )
        self.app = Litestar(
            [*ROUTES, ask_for_code],
            state=State({"services": self.services}),
            request_class=SafeRequest,
            openapi_config=None,
        )
        self.app.asgi_handler = ResponsePipeline(
            self.app.asgi_router, answer, checks=(TenantCheck(addresses),)
        )

    def browser(self, *, signed_in: bool = False, language: str = "en-US") -> httpx.AsyncClient:
        """A browser, with a session or without."""
        cookies = {"__Host-portal-clearwater": SESSION} if signed_in else {}
        transport = httpx.ASGITransport(self.app)  # type: ignore[arg-type]
        headers = {"Accept-Language": language, "Origin": URL}
        return httpx.AsyncClient(transport=transport, base_url=URL, cookies=cookies, headers=headers)
