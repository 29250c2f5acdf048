"""What there is to know about a business of the demo before anything happens."""

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Decimal
from typing import Literal, NamedTuple
from zoneinfo import ZoneInfo

Currency = Literal["usd", "eur"]


class CompanyTechnician(NamedTuple):
    """Somebody who comes."""

    id: str
    name: str
    photo: str
    """Media key."""


@dataclass(frozen=True)
class CompanyService:
    """Something done on a visit."""

    id: str
    name: str
    minutes: int
    """How long it takes."""
    price: int
    """Tax included, in minor units, where no plan covers it."""
    tax: Decimal
    """Percent, included in the price and, of the regular service, in the plan's."""
    tasks: tuple[str, ...]
    summaries: tuple[str, ...]
    """With `{chlorine}` and `{ph}` where a reading goes."""
    agreement: str = ""
    """The title of a contract about it."""
    details: tuple[str, ...] = ()
    """Subjects of close-ups, taken `before` and `after` beside those of the place itself."""


class CompanyPlanItem(NamedTuple):
    """A part of a plan and its price."""

    id: str
    name: str
    quantity: int
    unit_amount: int
    """Minor units, tax included."""


class CompanyPlan(NamedTuple):
    """What a customer subscribes to, by the month."""

    id: str
    name: str
    items: tuple[CompanyPlanItem, ...]
    former_items: tuple[CompanyPlanItem, ...]
    """Before prices were raised."""


@dataclass(frozen=True)
class CompanyTexts:
    """What the business's people write, in its language."""

    missed: Mapping[Literal["business", "customer", "other"], tuple[str, ...]]
    cancelled: Mapping[Literal["customer", "business"], tuple[str, ...]]
    rescheduled: Mapping[Literal["customer", "business"], tuple[str, ...]]
    reopened: str
    retracted: str
    notes: tuple[str, ...]
    instructions: tuple[str, ...]
    captions: Mapping[str, tuple[str, ...]]
    """By `before`, `after`, `signature` and the names of details."""
    month: str
    """Of an invoice's line, with `{plan}` and `{month}`."""
    months: tuple[str, ...]
    """Names of the twelve months."""
    goodwill: str
    """Why a part of an invoice was credited."""
    wrong: str
    """Why an invoice was voided."""
    cadence: Mapping[int, str]
    """By weeks between two visits."""
    terms: tuple[str, ...]
    """Paragraphs of a contract."""
    report: str
    """Title of the document in a Proof Pack."""


@dataclass(frozen=True)
class Company:
    """A business."""

    id: str
    slug: str
    name: str
    tagline: str
    former_tagline: str
    color: str
    zone: str
    locale: str
    currency: Currency
    email: str
    phone: str
    stripe_account: str
    country: str
    region: str
    scene: Literal["pool", "garden"]
    """What its photos show."""
    yards: int
    """Number of different places in its photos."""
    signatures: int
    """Number of different signatures."""
    regular: CompanyService
    occasional: tuple[CompanyService, ...]
    plan: CompanyPlan
    technicians: tuple[CompanyTechnician, ...]
    names: tuple[str, ...]
    """Of its customers; the first one is the one to sign in as."""
    streets: tuple[str, ...]
    """With `{number}`."""
    places: tuple[tuple[str, str], ...]
    """City and postal code."""
    phones: str
    """With `{number}`, two digits."""
    position: tuple[float, float]
    """Latitude and longitude of its town."""
    words: CompanyTexts

    @property
    def timezone(self) -> ZoneInfo:
        """Where its days begin."""
        return ZoneInfo(self.zone)
