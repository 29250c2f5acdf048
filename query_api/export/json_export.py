"""Everything, as JSON: each record as its own page answers it.

It is put together before it is sent, so that it has an ETag and fails as a whole or not at all. Each record is encoded
as soon as it is read: what is held is the bytes of the answer and one part of a list.
"""

from collections.abc import AsyncIterator, Iterable

import orjson

from query_api.activity_text import ActivityText, english_formatter
from query_api.api.activity import item as change
from query_api.sign_in.sessions import Session
from read_models import queries
from read_models.documents import Doc, timestamp
from read_models.queries import QueryContext
from read_models.queries.iteration import details, items
from read_models.queries.portal import floor_to_10s
from read_models.store.operational import SessionRecord

CONTACT = ("id", "name", "emails", "phone", "locale", "timezone", "addresses")


async def whole(reading: QueryContext, session: Session, devices: Iterable[SessionRecord]) -> bytes:
    """Return the export of whoever is signed in; `devices` are the person's, of which the customer's own are told."""
    customer, business = session.customer, reading.business
    words = ActivityText(english_formatter(customer, reading), business["name"])
    return orjson.dumps(
        {
            "business": {name: business[name] for name in ("name", "slug")},
            "customer": {name: customer[name] for name in CONTACT},
            # Before the past ones: what has its outcome meanwhile is in both, not in none.
            "appointments": await encoded(details(reading, queries.appointments, queries.visit)),
            "visits": await encoded(details(reading, queries.visits, queries.visit)),
            "invoices": await encoded(details(reading, queries.invoices, queries.invoice)),
            "payments": await encoded(items(reading, queries.payments)),
            "subscriptions": await encoded(details(reading, queries.subscriptions, queries.subscription)),
            "contracts": await encoded(details(reading, queries.contracts, queries.contract)),
            "activity": [change(happening, words) for happening in await queries.activity(reading)],
            "devices": [device(record) for record in devices if record.customer == reading.scope.customer],
            "updated_at": customer["updated_at"],
            "as_of": timestamp(floor_to_10s(session.known.as_of)),
        }
    )


async def encoded(records: AsyncIterator[Doc]) -> list[orjson.Fragment]:
    """Record as the bytes they are served as."""
    return [orjson.Fragment(orjson.dumps(record)) async for record in records]


def device(record: SessionRecord) -> Doc:
    """Return a signed-in device."""
    return {
        "device": record.device,
        "email": record.address,
        "started_at": timestamp(record.started_at),
        "last_seen_at": timestamp(record.seen_at),
    }
