"""Schema of the export, for the OpenAPI document only."""

from typing import TypedDict

from query_api.api.schemas.details import (
    Address,
    ContractDetail,
    InvoiceDetail,
    Payment,
    SubscriptionDetail,
    Visit,
)
from query_api.api.schemas.lists import Change


class BusinessRef(TypedDict):
    """Business whose portal wrote the export."""

    name: str
    slug: str


class Contact(TypedDict):
    """Name and contact data of the customer."""

    id: str
    name: str
    emails: list[str]
    phone: str | None
    locale: str | None
    timezone: str | None
    addresses: list[Address]


class SignedInDevice(TypedDict):
    """A device that is signed in as the customer."""

    device: str
    email: str
    started_at: str
    last_seen_at: str


class Export(TypedDict):
    """Everything that the portal holds of a customer, each record as its own page answers it."""

    business: BusinessRef
    customer: Contact
    appointments: list[Visit]
    visits: list[Visit]
    invoices: list[InvoiceDetail]
    payments: list[Payment]
    subscriptions: list[SubscriptionDetail]
    contracts: list[ContractDetail]
    activity: list[Change]
    devices: list[SignedInDevice]
    updated_at: str
    as_of: str
