"""Facts about a recurring plan (topic `subscriptions`; subject: the subscription's id)."""

from typing import Literal

from events.types import ChangeData, Currency, Data, Date, Id, Integer, List, Money, Named, NoData, Text

Interval = Literal["week", "month", "quarter", "year"]


class SubscriptionItem(Data):
    """One thing a subscription consists of."""

    id: Id
    name: Text
    quantity: Integer
    unit_amount: Money
    """For one of `quantity` and one interval, in minor units of the subscription's currency."""


class Period(Data):
    """The days an interval spans."""

    start: Date
    end: Date


class SubscriptionStarted(Data):
    """A subscription began; its first fact."""

    plan: Named
    items: List[SubscriptionItem]
    currency: Currency
    interval: Interval
    current_period: Period
    contract_id: Id | None = None


class SubscriptionChanged(ChangeData):
    """A subscription has another plan, items or interval; what is absent stays."""

    plan: Named | None = None
    items: List[SubscriptionItem] | None = None
    interval: Interval | None = None


class SubscriptionRenewed(Data):
    """The next period began."""

    current_period: Period


class SubscriptionPaused(Data):
    """A subscription rests."""

    resumes_on: Date | None = None


class SubscriptionResumed(NoData):
    """A subscription goes on."""


class SubscriptionCancelled(Data):
    """A subscription ends."""

    ends_on: Date
    reason: Text | None = None
