"""The details that are answered (docs/contracts/api.md); absent values are null. For the OpenAPI document only."""

from typing import Literal, TypedDict

from query_api.api.schemas.common import (
    Appointment,
    Contract,
    Invoice,
    Money,
    PastVisit,
    Subscription,
    Window,
)

VisitStatus = Literal["scheduled", "on_the_way", "in_progress", "completed", "missed", "cancelled"]


class Address(TypedDict):
    """A postal address."""

    id: str
    line1: str
    line2: str | None
    city: str
    region: str | None
    postal_code: str
    country: str


class Task(TypedDict):
    """Something to do during a visit."""

    name: str
    done: bool


class TimelineEntry(TypedDict):
    """Something that happened with a visit; `what` is the event's type without `servicehub.` and version."""

    at: str
    what: str
    note: str | None


class File(TypedDict):
    """A file of the portal; `thumbnail_url` of images only."""

    url: str
    thumbnail_url: str | None
    content_type: str
    bytes: int
    width: int | None
    height: int | None


class Location(TypedDict):
    """A place in degrees (WGS 84)."""

    lat: float
    lon: float


class ProofItem(TypedDict):
    """A photo, signature, document or note in a Proof Pack."""

    id: str
    kind: Literal["photo", "signature", "document", "note"]
    stage: Literal["before", "after"] | None
    caption: str | None
    text: str | None
    captured_at: str
    location: Location | None
    file: File | None


class ProofPack(TypedDict):
    """Proof that a visit was done."""

    visit_id: str
    published_at: str
    document: File | None
    items: list[ProofItem]


class ContractName(TypedDict):
    """The contract that a visit belongs to."""

    id: str
    title: str


class SubscriptionName(TypedDict):
    """The subscription that a visit belongs to."""

    id: str
    plan: str


class BilledVisit(TypedDict):
    """A visit with or without an outcome, as an invoice lists it."""

    id: str
    status: VisitStatus
    service: str
    window: Window
    timezone: str
    technician: str | None
    completed_at: str | None
    has_proof: bool
    contract_id: str | None
    subscription_id: str | None


class Visit(BilledVisit):
    """A visit or an appointment, with all that belongs to it."""

    awaiting: bool
    address: Address | None
    instructions: str | None
    technician_photo_url: str | None
    eta: str | None
    arrived_at: str | None
    summary: str | None
    tasks: list[Task]
    reason: str | None
    timeline: list[TimelineEntry]
    contract: ContractName | None
    subscription: SubscriptionName | None
    invoices: list[Invoice]
    proof: ProofPack | None


class Line(TypedDict):
    """A line of an invoice; `quantity` is a decimal number."""

    description: str
    quantity: str
    amount: Money


class Credit(TypedDict):
    """Credit on an invoice."""

    id: str
    amount: Money
    reason: str | None
    at: str


class Method(TypedDict):
    """Method of a payment."""

    kind: Literal["card", "bank", "cash", "check", "other"]
    brand: str | None
    last4: str | None


class Payment(TypedDict):
    """A payment; `at` is when it was made or failed."""

    id: str
    status: Literal["succeeded", "failed", "partially_refunded", "refunded"]
    amount: Money
    refunded: Money
    method: Method | None
    at: str
    invoice_id: str
    invoice_number: str
    failure_reason: str | None


class Processing(TypedDict):
    """Payment of the customer that is not settled yet."""

    amount: Money
    since: str


class InvoiceDetail(Invoice):
    """An invoice with its lines, credits, payments and visits."""

    lines: list[Line]
    tax: Money
    credited: Money
    paid: Money
    overpaid: Money
    credits: list[Credit]
    payments: list[Payment]
    visits: list[BilledVisit]
    contract_id: str | None
    subscription_id: str | None
    memo: str | None
    payable: bool
    processing: Processing | None


class PlanItem(TypedDict):
    """Item of a subscription."""

    id: str
    name: str
    quantity: int
    unit_amount: Money


class SubscriptionDetail(Subscription):
    """A subscription with its soonest appointments."""

    items: list[PlanItem]
    contract_id: str | None
    upcoming: list[Appointment]


class Service(TypedDict):
    """A service that a contract promises, and how often."""

    name: str
    cadence: str


class ContractDetail(Contract):
    """A contract with its latest visits and soonest appointments."""

    services: list[Service]
    terms: File | None
    signed_by: str | None
    on_time_grace_minutes: int
    visits: list[PastVisit]
    upcoming: list[Appointment]
