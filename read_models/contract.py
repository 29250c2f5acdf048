"""A contract and its health (docs/contracts/views.md, Contracts and their health)."""

from collections.abc import Callable
from typing import Any

from events.contracts import ContractAmended, ContractEnded, ContractRenewed, ContractSigned
from events.envelope import Event
from read_models import contract_month
from read_models.documents import Doc, append_activity, new_document, to_plain
from read_models.indexed_lists import set_list_membership

FIRST = frozenset({"signed"})
TREND_MONTHS = 12


def new(business: str, customer: str, subject: str) -> Doc:
    """Return a contract that waits to be signed; visits that name it are counted already.

    `open` are its soonest visits without an outcome, `past` its latest with one, `trend` its latest months with a due
    visit (latest first), each with its `_count` in all; `totals` the counts over all months.
    """
    return new_document(business, customer, "contract", subject) | {
        "totals": dict.fromkeys(contract_month.COUNTS, 0),
        "trend": [],
        "trend_count": 0,
        "open": [],
        "open_count": 0,
        "past": [],
        "past_count": 0,
    }


def evolve(contract: Doc, event: Event) -> None:
    """Apply an event of the contract; nothing changes when it was not signed, or is signed again."""
    if contract["shown"] != (event.fact in FIRST):
        HANDLERS[event.fact](contract, event, event.data)
        set_list_membership(contract, down=(f"contracts/{contract['status']}", contract["starts_on"]))


def _signed(contract: Doc, event: Event, data: ContractSigned) -> None:
    contract.update(
        shown=True,
        status="active",
        number=data.number,
        title=data.title,
        starts_on=data.starts_on,
        ends_on=data.ends_on,
        services=[to_plain(service) for service in data.services],
        terms=to_plain(data.terms),
        signed_by=data.signed_by,
        sla=to_plain(data.sla),
        ended_on=None,
    )
    append_activity(contract, event, title=data.title)


def _amended(contract: Doc, event: Event, data: ContractAmended) -> None:
    given = data.model_fields_set
    if data.title is not None:
        contract["title"] = data.title
    if data.services is not None:
        contract["services"] = [to_plain(service) for service in data.services]
    if data.sla is not None:
        contract["sla"] = to_plain(data.sla)
    if "terms" in given:
        contract["terms"] = to_plain(data.terms)
    if "ends_on" in given:
        contract["ends_on"] = data.ends_on
    append_activity(contract, event, title=contract["title"], fields=sorted(given))


def _renewed(contract: Doc, event: Event, data: ContractRenewed) -> None:
    contract["ends_on"] = data.ends_on
    append_activity(contract, event, title=contract["title"], ends_on=data.ends_on)


def _ended(contract: Doc, event: Event, data: ContractEnded) -> None:
    contract.update(status="ended", ended_on=data.ended_on)
    append_activity(contract, event, title=contract["title"], ended_on=data.ended_on, reason=data.reason)


HANDLERS: dict[str, Callable[[Doc, Event, Any], None]] = {
    "signed": _signed,
    "amended": _amended,
    "renewed": _renewed,
    "ended": _ended,
}


def grace(contract: Doc | None) -> int | None:
    """Return the agreed minutes after the window within which an arrival is on time; None before it was signed."""
    if contract is None or not contract["shown"]:
        return None
    return int(contract["sla"]["on_time_grace_minutes"])


def adjust(contract: Doc, before: Doc | None, month: Doc) -> None:
    """Bring the totals up to date with a month that counted `before` until now."""
    minutes = grace(contract)
    totals = contract["totals"]
    for counts, sign in ((before, -1), (month, 1)):
        if counts:
            for name in ("due", "completed", "timed", "with_proof"):
                totals[name] += sign * counts[name]
            totals["on_time"] += sign * contract_month.on_time(counts, minutes)


def has_due(month: Doc) -> bool:
    """Return whether a month is in the trend."""
    return bool(month["due"])


def item(contract: Doc) -> Doc:
    """Return the contract in a list (docs/contracts/api.md, Records), but for `expired`, which depends on today."""
    sla = contract["sla"]
    trend = [{name: month[name] for name in month if name != "id"} for month in reversed(contract["trend"])]
    return {
        "id": contract["id"],
        "number": contract["number"],
        "title": contract["title"],
        "status": contract["status"],
        "starts_on": contract["starts_on"],
        "ends_on": contract["ends_on"],
        "health": contract_month.rates(contract["totals"])
        | {
            "targets": {
                "completion": sla["completion_target"],
                "on_time": sla["on_time_target"],
                "proof": sla["proof_target"],
            },
            "trend": trend,
        },
    }


def detail(contract: Doc) -> Doc:
    """Return what a contract's page adds to the list's item, but for its terms' address and its visits.

    See docs/contracts/api.md, Records.
    """
    return {
        "services": contract["services"],
        "signed_by": contract["signed_by"],
        "on_time_grace_minutes": contract["sla"]["on_time_grace_minutes"],
    }
