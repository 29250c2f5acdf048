"""A customer: the contact data, and the dashboard that is served as it lies here (docs/contracts/api.md, Dashboard)."""

from collections.abc import Callable, Sequence
from typing import Any

from events.customers import CustomerContactChanged, CustomerRegistered
from events.envelope import Event
from read_models import invoice, subscription, visit
from read_models.documents import Doc, money, owner_id, to_plain
from read_models.indexed_lists import LISTS, sort_documents

FIRST = frozenset({"registered"})

REFILL_SOURCES: dict[str, tuple[str, Callable[[Doc], Doc]]] = {
    "appointments": ("open_visits", visit.item),
    "subscriptions": ("subscriptions", subscription.to_dashboard_entry),
}
"""By short list: the list that it is of, and the entry of a document, for those that may be wanting."""

APPOINTMENTS_KEPT = 30
SUBSCRIPTIONS_KEPT = 30
SHOWN = 10


def new(business: str, customer: str) -> Doc:
    """Return a customer who was not registered yet and has no portal; what happens is counted already.

    Each short list has its `_count` in all; `backwards_count` are the appointments of which `visit.backwards` holds;
    `balance` is the sum due over open invoices by currency, minor units;
    `updated_at` the highest time of all events applied.
    """
    return {
        "_id": owner_id(business, customer),
        "business": business,
        "customer": customer,
        "kind": "customer",
        "id": customer,
        "seq": 0,
        "shown": False,
        "appointments": [],
        "appointments_count": 0,
        "backwards_count": 0,
        "recent_visits": [],
        "recent_visits_count": 0,
        "open_invoices": [],
        "open_invoices_count": 0,
        "balance": {},
        "subscriptions": [],
        "subscriptions_count": 0,
        "contracts": [],
        "contracts_count": 0,
        "updated_at": "",
    }


def tombstone(business: str, customer: str, seq: int) -> Doc:
    """Return what is left of an erased customer: the ids (docs/contracts/views.md, Applying events)."""
    return {
        "_id": owner_id(business, customer),
        "business": business,
        "customer": customer,
        "kind": "customer",
        "id": customer,
        "seq": seq,
        "shown": False,
        "erased": True,
    }


def evolve(customer: Doc, event: Event) -> None:
    """Apply an event of the customer; nothing changes when not registered, or registered again."""
    if customer["shown"] != (event.fact in FIRST):
        HANDLERS[event.fact](customer, event.data)


def _registered(customer: Doc, data: CustomerRegistered) -> None:
    customer.update(
        shown=True,
        name=data.name,
        emails=list(data.emails),
        sign_in=sign_in_emails(data.emails),
        phone=data.phone,
        locale=data.locale,
        timezone=data.timezone,
        addresses=[to_plain(address) for address in data.addresses or ()],
    )


def _contact_changed(customer: Doc, data: CustomerContactChanged) -> None:
    given = data.model_fields_set
    if data.name is not None:
        customer["name"] = data.name
    if data.emails is not None:
        customer.update(emails=list(data.emails), sign_in=sign_in_emails(data.emails))
    for name in given & {"phone", "locale", "timezone"}:
        customer[name] = getattr(data, name)
    if "addresses" in given:
        customer["addresses"] = [to_plain(address) for address in data.addresses or ()]


HANDLERS: dict[str, Callable[[Doc, Any], None]] = {
    "registered": _registered,
    "contact_changed": _contact_changed,
}


def normalize_email(email: str) -> str:
    """Return an e-mail address as it is compared: trimmed, without regard to case (docs/contracts/views.md).

    Letters of two mailboxes never become one: `casefold` makes "ss" of "ß", and "k" of the Kelvin sign.
    """
    return "".join(map(_lower, email.strip()))


def _lower(char: str) -> str:
    lower = char.lower()
    return lower if len(lower) == 1 and lower.isascii() == char.isascii() else char


def sign_in_emails(emails: Sequence[str]) -> list[str]:
    """Return the addresses that sign in as this customer."""
    return sorted({normalize_email(email) for email in emails})


def settle_balance(customer: Doc, before: Doc | None, after: Doc) -> None:
    """Bring the balance up to date with an invoice that was `before` until now."""
    sums = dict(customer["balance"])
    for document, sign in ((before, -1), (after, 1)):
        if document and invoice.is_open(document):
            currency = document["currency"]
            sums[currency] = sums.get(currency, 0) + sign * document["amount_due"]
    customer["balance"] = {currency: amount for currency, amount in sorted(sums.items()) if amount}


def incomplete_lists(customer: Doc, now: str, today: str) -> tuple[str, ...]:
    """Return the short lists of the dashboard that do not hold enough to serve it at `now` and `today`: to be read
    whole.

    Appointments are enough when they are all. Else every one that is not kept starts after the last one kept: if
    that is still to come, all that await an update are kept, unless a window ends before it starts; and then 10
    upcoming ones and each subscription's next are needed. Of subscriptions 10 that are shown are needed, if there are
    more than are kept.
    """
    fields = []
    kept: list[Doc] = customer["appointments"]
    if len(kept) < customer["appointments_count"]:
        ahead = [item for item in kept if visit.upcoming(item, now)]
        named = {item["subscription_id"] for item in ahead}
        nexts = all(entry["id"] in named or not entry["open_count"] for entry in customer["subscriptions"])
        begun = kept[-1]["window"]["start"] <= now or customer["backwards_count"]
        if begun or len(ahead) < SHOWN or not nexts:
            fields.append("appointments")
    plans: list[Doc] = customer["subscriptions"]
    shown = sum(subscription.current(entry, today) for entry in plans)
    if len(plans) < customer["subscriptions_count"] and shown < SHOWN:
        fields += ["subscriptions", "appointments"]
    return tuple(dict.fromkeys(fields))


def dashboard_valid_until(customer: Doc, now: str) -> str | None:
    """Up to when, within the day, the dashboard of the same document is the same; None: as long as it is.

    `now` itself where not all that decides about it is kept.
    """
    kept: list[Doc] = customer["appointments"]
    if (
        len(kept) < customer["appointments_count"]
        or len(customer["subscriptions"]) < customer["subscriptions_count"]
    ):
        return now
    ahead = (item["window"]["end"] for item in kept if item["status"] not in visit.UNDER_WAY)
    return min((end for end in ahead if end >= now), default=None)


def dashboard(customer: Doc, now: str, today: str) -> Doc:
    """Return the dashboard at `now` (a served timestamp) and `today` (the business's date), without `as_of`.

    The lists that were `incomplete_lists` are to be whole.
    """
    appointments: list[Doc] = customer["appointments"]
    upcoming = [item for item in appointments if visit.upcoming(item, now)]
    awaiting = [item for item in appointments if not visit.upcoming(item, now)]
    latest = sort_documents(awaiting, LISTS["past_visits"].order)
    following: dict[str, str] = {}
    for item in upcoming:
        following.setdefault(item["subscription_id"], item["id"])
    return {
        "customer": {name: customer[name] for name in ("id", "name", "emails", "phone")},
        "upcoming": upcoming[:SHOWN],
        "upcoming_count": customer["appointments_count"] - len(awaiting),
        "awaiting": latest[:SHOWN],
        "awaiting_count": len(awaiting),
        "recent_visits": customer["recent_visits"],
        "open_invoices": [with_overdue(item, today) for item in customer["open_invoices"]],
        "open_invoice_count": customer["open_invoices_count"],
        "balance": [money(amount, currency) for currency, amount in customer["balance"].items()],
        "subscriptions": [
            with_next(entry, following.get(entry["id"]))
            for entry in customer["subscriptions"]
            if subscription.current(entry, today)
        ][:SHOWN],
        "contracts": [with_expiry(item, today) for item in customer["contracts"]],
        "updated_at": customer["updated_at"],
    }


def with_overdue(item: Doc, today: str) -> Doc:
    """Return an invoice in a list, `overdue` when it is open and its due date has passed."""
    shape = {}
    for name, value in item.items():
        shape[name] = value
        if name == "due_on":
            shape["overdue"] = item["status"] == "open" and value < today
    return shape


def with_next(entry: Doc, next_visit_id: str | None) -> Doc:
    """Return a subscription in a list, with its next visit."""
    shape = {name: value for name, value in entry.items() if name != "open_count"}
    return shape | {"plan": entry["plan"]["name"], "next_visit_id": next_visit_id}


def with_expiry(item: Doc, today: str) -> Doc:
    """Return a contract in a list, `expired` when it is active and its end has passed."""
    expired = item["status"] == "active" and item["ends_on"] is not None and item["ends_on"] < today
    return item | {"status": "expired"} if expired else item
