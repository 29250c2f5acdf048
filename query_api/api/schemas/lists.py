"""The lists that are answered (docs/contracts/api.md, Lists), and what goes wrong; for the OpenAPI document only."""

from typing import Literal, NotRequired, TypedDict

from query_api.api.schemas.common import Appointment, Contract, Invoice, PastVisit, Subscription
from query_api.api.schemas.details import Payment

Outcome = Literal["completed", "missed", "cancelled"]


class FieldError(TypedDict):
    """Error of one parameter or field of a request."""

    message: str
    key: str
    source: str


class ProblemSchema(TypedDict):
    """An error (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str
    errors: NotRequired[list[FieldError]]


class ListedAppointment(Appointment):
    """An appointment in the list of all."""

    awaiting: bool


class Appointments(TypedDict):
    """Appointments, soonest first."""

    items: list[ListedAppointment]
    next: str | None


class Visits(TypedDict):
    """Past visits, latest first."""

    items: list[PastVisit]
    next: str | None


class CountedVisit(PastVisit):
    """A visit behind a figure of a contract's health."""

    excluded_because: Literal["customer", "other"] | None


class CountedVisits(TypedDict):
    """Visits behind a figure, latest first."""

    items: list[CountedVisit]
    next: str | None


class Invoices(TypedDict):
    """Invoices, latest first."""

    items: list[Invoice]
    next: str | None


class Payments(TypedDict):
    """Payments, latest first."""

    items: list[Payment]
    next: str | None


class Subscriptions(TypedDict):
    """Subscriptions, by plan name."""

    items: list[Subscription]
    next: str | None


class Contracts(TypedDict):
    """Contracts, the latest first."""

    items: list[Contract]
    next: str | None


class About(TypedDict):
    """The record that something happened with."""

    kind: Literal["visit", "invoice", "payment", "subscription", "contract"]
    id: str


class Change(TypedDict):
    """Something that happened, in words."""

    id: str
    at: str
    what: str
    about: About
    title: str
    detail: str | None


class Changes(TypedDict):
    """The latest that happened, newest first."""

    items: list[Change]
    next: str | None
