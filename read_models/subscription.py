"""A subscription (docs/contracts/views.md, Subscriptions)."""

from collections.abc import Callable
from typing import Any

from events.envelope import Event
from events.subscriptions import (
    SubscriptionCancelled,
    SubscriptionChanged,
    SubscriptionPaused,
    SubscriptionRenewed,
    SubscriptionResumed,
    SubscriptionStarted,
)
from events.types import MAX_INTEGER
from read_models.documents import Doc, append_activity, money, new_document, to_plain
from read_models.indexed_lists import set_list_membership

FIRST = frozenset({"started"})


def new(business: str, customer: str, subject: str) -> Doc:
    """Return a subscription that waits to be started; appointments may name it already.

    `open` are the soonest visits without an outcome that name it, `open_count` how many there are.
    """
    return new_document(business, customer, "subscription", subject) | {"open": [], "open_count": 0}


def is_unreferenced(subscription: Doc) -> bool:
    """Return whether nothing is known of it and no appointment names it (any more)."""
    return not subscription["seq"] and not subscription["open_count"]


def evolve(subscription: Doc, event: Event) -> None:
    """Apply an event of the subscription; nothing changes when it was not started, or is started again."""
    if subscription["shown"] != (event.fact in FIRST):
        HANDLERS[event.fact](subscription, event, event.data)
        set_list_membership(subscription, up=("subscriptions", subscription["plan"]["name"]))


def _started(subscription: Doc, event: Event, data: SubscriptionStarted) -> None:
    subscription.update(
        shown=True,
        status="active",
        plan=to_plain(data.plan),
        items=[to_plain(entry) for entry in data.items],
        currency=data.currency,
        interval=data.interval,
        current_period=to_plain(data.current_period),
        contract_id=data.contract_id,
        resumes_on=None,
        ends_on=None,
    )
    append_activity(subscription, event, plan=data.plan.name)


def _changed(subscription: Doc, event: Event, data: SubscriptionChanged) -> None:
    before = subscription["plan"]["name"]
    if data.plan is not None:
        subscription["plan"] = to_plain(data.plan)
    if data.items is not None:
        subscription["items"] = [to_plain(entry) for entry in data.items]
    if data.interval is not None:
        subscription["interval"] = data.interval
    append_activity(
        subscription,
        event,
        before=before,
        plan=subscription["plan"]["name"],
        amount=money(price(subscription), subscription["currency"]),
    )


def _renewed(subscription: Doc, event: Event, data: SubscriptionRenewed) -> None:
    subscription["current_period"] = to_plain(data.current_period)
    append_activity(subscription, event, period=subscription["current_period"])


def _paused(subscription: Doc, event: Event, data: SubscriptionPaused) -> None:
    resumes_on = data.resumes_on
    subscription.update(status="paused", resumes_on=resumes_on, ends_on=None)
    append_activity(subscription, event, resumes_on=resumes_on)


def _resumed(subscription: Doc, event: Event, _data: SubscriptionResumed) -> None:
    subscription.update(status="active", resumes_on=None, ends_on=None)
    append_activity(subscription, event)


def _cancelled(subscription: Doc, event: Event, data: SubscriptionCancelled) -> None:
    subscription.update(status="cancelled", resumes_on=None, ends_on=data.ends_on)
    append_activity(subscription, event, ends_on=data.ends_on, reason=data.reason)


HANDLERS: dict[str, Callable[[Doc, Event, Any], None]] = {
    "started": _started,
    "changed": _changed,
    "renewed": _renewed,
    "paused": _paused,
    "resumed": _resumed,
    "cancelled": _cancelled,
}


def price(subscription: Doc) -> int:
    """Return the price per interval in minor units: the sum of quantity x unit amount, cut to what an integer may
    be."""
    total: int = sum(entry["quantity"] * entry["unit_amount"] for entry in subscription["items"])
    return max(-MAX_INTEGER, min(total, MAX_INTEGER))


def item(subscription: Doc) -> Doc:
    """Return the subscription in a list, but for `next_visit_id`, which depends on now.

    See docs/contracts/api.md, Records.
    """
    return {
        "id": subscription["id"],
        "status": subscription["status"],
        "plan": subscription["plan"]["name"],
        "price": money(price(subscription), subscription["currency"]),
        "interval": subscription["interval"],
        "current_period": subscription["current_period"],
        "resumes_on": subscription["resumes_on"],
        "ends_on": subscription["ends_on"],
    }


def to_dashboard_entry(subscription: Doc) -> Doc:
    """Return the subscription on the dashboard: with the nested name it is sorted by, and how many appointments name
    it."""
    return item(subscription) | {"plan": subscription["plan"], "open_count": subscription["open_count"]}


def current(subscription: Doc, today: str) -> bool:
    """Return whether the dashboard shows it: not cancelled, or cancelled and `ends_on` has not passed."""
    return subscription["status"] != "cancelled" or bool(subscription["ends_on"] >= today)


def detail(subscription: Doc) -> Doc:
    """Return what a subscription's page adds to the list's item (docs/contracts/api.md), but for its appointments."""
    currency = subscription["currency"]
    return {
        "items": [
            part | {"unit_amount": money(part["unit_amount"], currency)} for part in subscription["items"]
        ],
        "contract_id": subscription["contract_id"],
    }
