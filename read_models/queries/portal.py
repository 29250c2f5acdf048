"""Portal queries: every read takes a `CustomerScope`, which comes from the session alone.

A page is its document or one index range, then, by `_id`, those it names (docs/architecture.md, Decision 3).
"""

from datetime import datetime, timedelta
from functools import lru_cache
from typing import NamedTuple
from zoneinfo import ZoneInfo

from read_models import customer
from read_models.clock import Clock
from read_models.documents import Doc, owner_id, parse, timestamp
from read_models.indexed_lists import ListQuery, for_claim, for_customer, for_email
from read_models.store import ReadModelStore

WHOLE_LIST = 10_000
"""More than a customer has of anything: read when a short list of the dashboard does not hold enough."""

ACCOUNTS_OF_AN_ADDRESS = 2_000
"""Customers of one business that one address is offered: property managers have hundreds."""


class CustomerScope(NamedTuple):
    """Ids of the business and the customer whose documents are read."""

    business: str
    customer: str


class CustomerSnapshot(NamedTuple):
    """A customer's document, shared and so not to be changed, and up to when the log was read for it at least."""

    document: Doc
    as_of: datetime


class PortalQueries:
    """The queries of one process over the generation that is served."""

    def __init__(self, store: ReadModelStore, clock: Clock) -> None:
        """`clock` gives the current time, with its zone."""
        self._store = store
        self._clock = clock

    def ready(self) -> bool:
        """Return whether there are views of this version to serve."""
        return self._store.control.served is not None

    async def business(self, slug: str) -> Doc | None:
        """Return the business whose portal it is: registered, not closed, the earliest to claim the slug.

        See docs/contracts/views.md.
        """
        found = await self._claimant("business_by_slug", slug)
        return found if found and not found["closed"] else None

    async def business_by_host(self, host: str) -> Doc | None:
        """Return the business that a host name belongs to, the earliest to claim it; closed, it keeps it."""
        return await self._claimant("business_by_host", host.lower())

    async def _claimant(self, name: str, claimed: str) -> Doc | None:
        found = await self._store.range(ListQuery(name, for_claim(claimed), 1))
        return found[0] if found and found[0]["shown"] else None

    async def customers_by_email(
        self, business: str, email: str, limit: int = ACCOUNTS_OF_AN_ADDRESS
    ) -> list[Doc]:
        """Return the first customers of a business that hold an address, by id."""
        wanted = ListQuery("customers_by_email", for_email(business, customer.normalize_email(email)), limit)
        return [found for found in await self._store.range(wanted) if found["shown"]]

    async def customer(self, scope: CustomerScope) -> CustomerSnapshot | None:
        """Return a customer, None when not registered or erased."""
        key = owner_id(*scope)
        as_of = self._store.control.fresh_as_of(
            key
        )  # before the document is read: it may not promise too much
        found = (await self._store.documents(key))[0]
        return CustomerSnapshot(found, as_of) if found and found["shown"] else None

    async def dashboard(self, known: CustomerSnapshot, business: Doc) -> Doc:
        """Return the dashboard as it is served (docs/contracts/api.md, Dashboard)."""
        document, now = known.document, self._clock()
        current = timestamp(now)
        today = now.astimezone(ZoneInfo(business["timezone"])).date().isoformat()
        for field in customer.incomplete_lists(document, current, today):
            name, entry = customer.REFILL_SOURCES[field]
            scope = for_customer(document["business"], document["customer"])
            whole = await self._store.range(ListQuery(name, scope, WHOLE_LIST))
            document = document | {field: [entry(found) for found in whole]}
        return customer.dashboard(document, current, today) | {"as_of": timestamp(floor_to_10s(known.as_of))}


def holds_until(known: CustomerSnapshot, business: Doc, now: datetime) -> datetime:
    """Up to when the dashboard stays as it is at `now`, but for `as_of`, while the customer's document does."""
    day = now.astimezone(ZoneInfo(business["timezone"]))
    midnight = (day + timedelta(days=1)).replace(hour=0, minute=0, second=0, microsecond=0)
    end = customer.dashboard_valid_until(known.document, timestamp(now))
    return min(midnight, parse(end)) if end else midnight


@lru_cache
def floor_to_10s(at: datetime) -> datetime:
    """Return a moment cut to 10 s, so that an ETag lives that long (docs/contracts/api.md)."""
    return at.replace(second=at.second - at.second % 10, microsecond=0)
