"""Facts about a recurring plan (topic `subscriptions`; subject: the subscription's id)."""

from typing import Literal

from events.types import (
    Currency,
    Date,
    EmptyData,
    EventData,
    Id,
    Integer,
    List,
    Money,
    NamedRef,
    PartialUpdate,
    Text,
)

Interval = Literal["week", "month", "quarter", "year"]


class SubscriptionItem(EventData):
    """One thing a subscription consists of."""

    id: Id
    name: Text
    quantity: Integer
    unit_amount: Money
    """For one of `quantity` and one interval, in minor units of the subscription's currency."""


class Period(EventData):
    """The days an interval spans."""

    start: Date
    end: Date


class SubscriptionStarted(EventData):
    """A subscription began; its first fact."""

    plan: NamedRef
    items: List[SubscriptionItem]
    currency: Currency
    interval: Interval
    current_period: Period
    contract_id: Id | None = None


class SubscriptionChanged(PartialUpdate):
    """A subscription has another plan, items or interval; what is absent stays."""

    plan: NamedRef | None = None
    items: List[SubscriptionItem] | None = None
    interval: Interval | None = None


class SubscriptionRenewed(EventData):
    """The next period began."""

    current_period: Period


class SubscriptionPaused(EventData):
    """A subscription rests."""

    resumes_on: Date | None = None


class SubscriptionResumed(EmptyData):
    """A subscription goes on."""


class SubscriptionCancelled(EventData):
    """A subscription ends."""

    ends_on: Date
    reason: Text | None = None
