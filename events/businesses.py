"""Facts about a business, the tenant (topic `businesses`; subject: the business's id)."""

from typing import Annotated, ClassVar

from pydantic import Field

from events.types import Currency, EmptyData, EventData, Locale, Media, PartialUpdate, Text, TimeZone


class Branding(EventData):
    """Brand of a business: logo and colours."""

    logo: Media | None = None
    primary_color: Annotated[str, Field(pattern="^#[0-9A-Fa-f]{6}$")] | None = None
    """`#rrggbb`."""
    tagline: Text | None = None


class Support(EventData):
    """Contact for a business's customers."""

    email: Text
    phone: Text | None = None


class BusinessRegistered(EventData):
    """A business joined ServiceHub; its first fact."""

    name: Text
    slug: Annotated[str, Field(pattern="^[a-z0-9-]{2,40}$")]
    """Unique across ServiceHub; the first part of the portal's paths."""
    timezone: TimeZone
    locale: Locale
    currency: Currency
    branding: Branding
    support: Support
    portal_host: Text | None = None
    """A host name of its own under which its portal is reached."""
    stripe_account_id: Text | None = None
    """Stripe Connect account that takes its payments."""


class BusinessRebranded(PartialUpdate):
    """A business changed its name, looks, support or host; what is absent stays."""

    CLEARABLE: ClassVar[frozenset[str]] = frozenset({"portal_host"})

    name: Text | None = None
    branding: Branding | None = None
    support: Support | None = None
    portal_host: Text | None = None


class BusinessPaymentsConnected(EventData):
    """A business takes payments online from now on."""

    stripe_account_id: Text


class BusinessClosed(EmptyData):
    """A business left ServiceHub: its portals let nobody in any more."""
