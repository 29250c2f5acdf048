"""Master data of a business: services, plan, technicians, customers' names and texts."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

Currency = Literal["usd", "eur"]


class CompanyTechnician(NamedTuple):
    """A technician of a business."""

    id: str
    name: str
    photo: str
    """Media key."""


@dataclass(frozen=True)
class CompanyService:
    """A service that a business carries out on a visit."""

    id: str
    name: str
    duration_minutes: int
    """Usual time on site."""
    price: int
    """Minor units, tax included, for visits that no plan covers."""
    tax_percent: Decimal
    """Included in the price, and for the regular service in that of the plan."""
    tasks: tuple[str, ...]
    summaries: tuple[str, ...]
    """May hold the placeholders `{chlorine}` and `{ph}`."""
    contract_title: str = ""
    """Title of a contract about the service."""
    closeups: tuple[str, ...] = ()
    """Subjects of close-up photos, taken before and after the work."""


class CompanyPlanItem(NamedTuple):
    """An item of a plan with its price."""

    id: str
    name: str
    quantity: int
    unit_amount: int
    """Minor units, tax included."""


class CompanyPlan(NamedTuple):
    """A monthly plan that customers subscribe to."""

    id: str
    name: str
    items: tuple[CompanyPlanItem, ...]
    former_items: tuple[CompanyPlanItem, ...]
    """Items before the price increase."""


@dataclass(frozen=True)
class CompanyTexts:
    """Texts of a business, in its language."""

    missed_reasons: Mapping[Literal["business", "customer", "other"], tuple[str, ...]]
    cancellation_reasons: Mapping[Literal["customer", "business"], tuple[str, ...]]
    rescheduling_reasons: Mapping[Literal["customer", "business"], tuple[str, ...]]
    reopening_reason: str
    retraction_reason: str
    notes: tuple[str, ...]
    instructions: tuple[str, ...]
    captions: Mapping[str, tuple[str, ...]]
    """By `before`, `after`, `signature` and the subjects of close-ups."""
    plan_line: str
    """Description of an invoice line, with the placeholders `{plan}` and `{month}`."""
    month_names: tuple[str, ...]
    """January first."""
    credit_reason: str
    void_reason: str
    cadences: Mapping[int, str]
    """By the number of weeks between two visits."""
    contract_terms: tuple[str, ...]
    """Paragraphs."""
    report_title: str
    """Title of the document in a Proof Pack."""


@dataclass(frozen=True)
class Company:
    """A business of the demo."""

    id: str
    slug: str
    name: str
    tagline: str
    former_tagline: str
    primary_color: str
    timezone_name: str
    locale: str
    currency: Currency
    email: str
    phone: str
    stripe_account: str
    country: str
    region: str
    yard_kind: Literal["pool", "garden"]
    """Subject of the photos of a visit."""
    yard_count: int
    """Number of different yards among the photos."""
    signature_count: int
    """Number of different signatures among the images."""
    regular_service: CompanyService
    occasional_services: tuple[CompanyService, ...]
    plan: CompanyPlan
    technicians: tuple[CompanyTechnician, ...]
    customer_names: tuple[str, ...]
    """The first one is the featured customer's."""
    streets: tuple[str, ...]
    """With the placeholder `{number}`."""
    cities: tuple[tuple[str, str], ...]
    """Names and postal codes."""
    customer_phone: str
    """With the placeholder `{number}` for two digits."""
    coordinates: tuple[float, float]
    """Latitude and longitude of the town."""
    texts: CompanyTexts

    @property
    def timezone(self) -> ZoneInfo:
        """Time zone of the business."""
        return ZoneInfo(self.timezone_name)
