"""Table of the documents that embed bounded lists of others, read by the projection."""

from collections.abc import Sequence
from functools import partial

from read_models import contract, contract_month, customer, invoice, subscription, visit
from read_models.documents import Doc
from read_models.embedded_list import EmbeddedList
from read_models.indexed_lists import QueryScope, for_customer


def _owner(parent: Doc) -> QueryScope:
    return for_customer(parent["business"], parent["customer"])


def _owner_and_id(parent: Doc) -> QueryScope:
    return for_customer(parent["business"], parent["customer"], parent["id"])


def _in_phase(phase: str, document: Doc) -> bool:
    return bool(document.get("phase") == phase)


def _completed(document: Doc) -> bool:
    return document.get("phase") == "past" and bool(document["status"] == "completed")


def _shown(document: Doc) -> bool:
    return bool(document["shown"])


def _current(document: Doc) -> bool:
    return bool(document["shown"]) and bool(document["status"] == "active")


_open = partial(_in_phase, "open")
_past = partial(_in_phase, "past")

APPOINTMENTS = EmbeddedList(
    "customer", None, "appointments", customer.APPOINTMENTS_KEPT, "open_visits", _owner, _open, visit.item
)
RECENT_VISITS = EmbeddedList(
    "customer", None, "recent_visits", 10, "completed_visits", _owner, _completed, visit.item
)
CONTRACT_OPEN = EmbeddedList(
    "contract",
    "contract_id",
    "open",
    30,
    "contract_open_visits",
    _owner_and_id,
    _open,
    visit.to_embedded_slot,
)
CONTRACT_PAST = EmbeddedList(
    "contract",
    "contract_id",
    "past",
    10,
    "contract_past_visits",
    _owner_and_id,
    _past,
    visit.to_embedded_slot,
)
SUBSCRIPTION_OPEN = EmbeddedList(
    "subscription",
    "subscription_id",
    "open",
    30,
    "subscription_open_visits",
    _owner_and_id,
    _open,
    visit.to_embedded_slot,
)
OPEN_INVOICES = EmbeddedList(
    "customer", None, "open_invoices", 10, "open_invoices", _owner, invoice.is_open, invoice.item
)
SUBSCRIPTIONS = EmbeddedList(
    "customer",
    None,
    "subscriptions",
    customer.SUBSCRIPTIONS_KEPT,
    "subscriptions",
    _owner,
    _shown,
    subscription.to_dashboard_entry,
)
CONTRACTS = EmbeddedList(
    "customer", None, "contracts", 10, "current_contracts", _owner, _current, contract.item
)

LISTED: dict[str, Sequence[EmbeddedList]] = {
    "visit": (APPOINTMENTS, RECENT_VISITS, CONTRACT_OPEN, CONTRACT_PAST, SUBSCRIPTION_OPEN),
    "invoice": (OPEN_INVOICES,),
    "subscription": (SUBSCRIPTIONS,),
    "contract": (CONTRACTS,),
}


def trend(grace: int | None) -> EmbeddedList:
    """Return a contract's latest months with a due visit, scored with its grace in minutes."""
    scored = partial(contract_month.to_trend_entry, grace=grace)
    return EmbeddedList(
        "contract",
        "contract_id",
        "trend",
        contract.TREND_MONTHS,
        "contract_months",
        _owner_and_id,
        contract.has_due,
        scored,
    )
