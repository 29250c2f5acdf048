"""A business: how its portal looks, and which slug and host it claims (docs/contracts/events.md, Businesses)."""

from collections.abc import Callable
from typing import Any

from events.businesses import BusinessClosed, BusinessPaymentsConnected, BusinessRebranded, BusinessRegistered
from events.envelope import Event
from read_models.documents import Doc, to_plain

FIRST = frozenset({"registered"})


def new(business: str) -> Doc:
    """Return a business that was not registered yet; its portal does not exist."""
    return {
        "_id": business,
        "business": business,
        "kind": "business",
        "id": business,
        "seq": 0,
        "shown": False,
    }


def evolve(business: Doc, event: Event) -> None:
    """Apply an event of the business; nothing changes when it was not registered, or is registered again."""
    if business["shown"] != (event.fact in FIRST):
        HANDLERS[event.fact](business, event, event.data)
        business["updated_at"] = max(business.get("updated_at", ""), event.time)


def _registered(business: Doc, event: Event, data: BusinessRegistered) -> None:
    business.update(
        shown=True,
        closed=False,
        name=data.name,
        slug=data.slug,
        slug_claimed_at=event.time,
        timezone=data.timezone,
        locale=data.locale,
        currency=data.currency,
        branding=to_plain(data.branding),
        support=to_plain(data.support),
        stripe_account_id=data.stripe_account_id,
        portal_host=None,
        host_claimed_at=None,
    )
    _claim_host(business, event, data.portal_host)


def _rebranded(business: Doc, event: Event, data: BusinessRebranded) -> None:
    if data.name is not None:
        business["name"] = data.name
    if data.branding is not None:
        business["branding"] = to_plain(data.branding)
    if data.support is not None:
        business["support"] = to_plain(data.support)
    if "portal_host" in data.model_fields_set:
        _claim_host(business, event, data.portal_host)


def _payments_connected(business: Doc, _event: Event, data: BusinessPaymentsConnected) -> None:
    business["stripe_account_id"] = data.stripe_account_id


def _closed(business: Doc, _event: Event, _data: BusinessClosed) -> None:
    business["closed"] = True


def _claim_host(business: Doc, event: Event, host: str | None) -> None:
    host = host.lower() if host else None
    if host != business["portal_host"]:
        business.update(portal_host=host, host_claimed_at=event.time if host else None)


HANDLERS: dict[str, Callable[[Doc, Event, Any], None]] = {
    "registered": _registered,
    "rebranded": _rebranded,
    "payments_connected": _payments_connected,
    "closed": _closed,
}
