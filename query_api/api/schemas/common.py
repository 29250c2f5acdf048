"""Response schemas (docs/contracts/api.md), for readers and the OpenAPI document; absent values are null."""

from typing import Literal, TypedDict

Money = TypedDict("Money", {"amount": int, "currency": str})  # noqa: UP013 -- so short
"""Minor units of a lower-case ISO 4217 currency."""


class Support(TypedDict):
    """Contact for customers of a business."""

    email: str
    phone: str | None


class Business(TypedDict):
    """A business as anybody may see it."""

    name: str
    slug: str
    tagline: str | None
    logo_url: str | None
    primary_color: str | None
    support: Support


class Customer(TypedDict):
    """Customer of a dashboard."""

    id: str
    name: str
    emails: list[str]
    phone: str | None


class Window(TypedDict):
    """Promised time of a visit: RFC 3339 in UTC."""

    start: str
    end: str


class Appointment(TypedDict):
    """A visit without an outcome."""

    id: str
    status: Literal["scheduled", "on_the_way", "in_progress"]
    service: str
    window: Window
    timezone: str
    technician: str | None
    contract_id: str | None
    subscription_id: str | None


class PastVisit(TypedDict):
    """A visit with an outcome; `completed_at` is null where it was not completed."""

    id: str
    status: Literal["completed", "missed", "cancelled"]
    service: str
    window: Window
    timezone: str
    technician: str | None
    completed_at: str | None
    has_proof: bool
    contract_id: str | None
    subscription_id: str | None


class Invoice(TypedDict):
    """An invoice in a list."""

    id: str
    number: str
    status: Literal["open", "paid", "void"]
    issued_on: str
    due_on: str
    overdue: bool
    total: Money
    amount_due: Money


class Period(TypedDict):
    """Two dates, both included."""

    start: str
    end: str


class Subscription(TypedDict):
    """A subscription in a list."""

    id: str
    status: Literal["active", "paused", "cancelled"]
    plan: str
    price: Money
    interval: str
    current_period: Period
    resumes_on: str | None
    ends_on: str | None
    next_visit_id: str | None


class Month(TypedDict):
    """A contract's counts and rates in a calendar month."""

    month: str
    due: int
    completed: int
    completion_rate: float | None
    timed: int
    on_time: int
    on_time_rate: float | None
    with_proof: int
    proof_rate: float | None


class Targets(TypedDict):
    """Targets that a contract promises."""

    completion: float | None
    on_time: float | None
    proof: float | None


class ContractHealth(TypedDict):
    """Health of a contract: counts, rates and trend (docs/contracts/views.md, Contracts and their health)."""

    due: int
    completed: int
    completion_rate: float | None
    timed: int
    on_time: int
    on_time_rate: float | None
    with_proof: int
    proof_rate: float | None
    targets: Targets
    trend: list[Month]


class Contract(TypedDict):
    """A contract in a list."""

    id: str
    number: str
    title: str
    status: Literal["active", "expired", "ended"]
    starts_on: str
    ends_on: str | None
    health: ContractHealth


class Dashboard(TypedDict):
    """Dashboard of a customer."""

    customer: Customer
    upcoming: list[Appointment]
    upcoming_count: int
    awaiting: list[Appointment]
    awaiting_count: int
    recent_visits: list[PastVisit]
    open_invoices: list[Invoice]
    open_invoice_count: int
    balance: list[Money]
    subscriptions: list[Subscription]
    contracts: list[Contract]
    updated_at: str
    as_of: str
