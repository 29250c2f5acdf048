"""Facts about a customer of a business (topic `customers`; subject: the customer's id)."""

from typing import Annotated, ClassVar

from pydantic import Field

from events.types import MAX_ITEMS, Address, EmptyData, EventData, List, Locale, PartialUpdate, Text, TimeZone

Emails = Annotated[List[Text], Field(min_length=1, max_length=MAX_ITEMS)]
"""E-mail addresses, at least one, the first is the primary one."""


class CustomerRegistered(EventData):
    """A customer came to a business; its first fact."""

    name: Text
    emails: Emails
    phone: Text | None = None
    locale: Locale | None = None
    timezone: TimeZone | None = None
    addresses: List[Address] | None = None


class CustomerContactChanged(PartialUpdate):
    """A customer's contact data changed; what is absent stays."""

    CLEARABLE: ClassVar[frozenset[str]] = frozenset({"phone", "locale", "timezone", "addresses"})

    name: Text | None = None
    emails: Emails | None = None
    phone: Text | None = None
    locale: Locale | None = None
    timezone: TimeZone | None = None
    addresses: List[Address] | None = None


class CustomerErased(EmptyData):
    """A customer is to be forgotten: all that is held of it goes, whatever still arrives is dropped."""
