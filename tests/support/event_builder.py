"""Facts of one customer, said briefly: `EventBuilder().say("visit.booked", "v1", window=…)`."""

from datetime import UTC, datetime, timedelta
from typing import Any

from events.envelope import Event, Record, decode, encode
from events.topics import Topics

TOPICS = Topics("servicehub.", 4)
START = datetime(2026, 1, 1, 9, tzinfo=UTC)

DEFAULTS: dict[str, dict[str, Any]] = {
    "business.registered": {
        "name": "Blue Pools",
        "slug": "blue",
        "timezone": "America/Phoenix",
        "locale": "en-US",
        "currency": "usd",
        "branding": {},
        "support": {"email": "office@blue.test"},
    },
    "customer.registered": {"name": "Ada Field", "emails": ["ada@mail.test"]},
    "visit.booked": {
        "service": {"id": "srv_1", "name": "Pool cleaning"},
        "window": {"start": "2026-01-05T16:00:00Z", "end": "2026-01-05T18:00:00Z"},
        "timezone": "America/Phoenix",
    },
    "visit.rescheduled": {
        "window": {"start": "2026-01-06T16:00:00Z", "end": "2026-01-06T18:00:00Z"},
        "requested_by": "customer",
    },
    "visit.started": {"arrived_at": "2026-01-05T16:10:00Z"},
    "visit.completed": {"completed_at": "2026-01-05T17:00:00Z"},
    "visit.missed": {"responsible": "business"},
    "visit.cancelled": {"cancelled_by": "business"},
    "proof.uploaded": {
        "visit_id": "v1",
        "kind": "note",
        "text": "clean",
        "captured_at": "2026-01-05T17:00:00Z",
    },
    "proof.retracted": {"visit_id": "v1"},
    "proof_pack.published": {"visit_id": "v1", "items": ["p1"]},
    "proof_pack.withdrawn": {"visit_id": "v1"},
    "invoice.issued": {
        "number": "1042",
        "issued_on": "2026-01-05",
        "due_on": "2026-01-19",
        "currency": "usd",
        "lines": [],
        "tax": "0.00",
        "total": "120.00",
    },
    "invoice.credited": {"credit_note_id": "cn1", "amount": 1000},
    "payment.succeeded": {
        "invoice_id": "i1",
        "amount": 5000,
        "currency": "usd",
        "method": {"kind": "card", "brand": "visa", "last4": "4242"},
        "paid_at": "2026-01-07T10:00:00Z",
    },
    "payment.failed": {"invoice_id": "i1", "amount": 5000, "currency": "usd", "reason": "declined"},
    "payment.refunded": {"refund_id": "r1", "invoice_id": "i1", "amount": 2000, "currency": "usd"},
    "subscription.started": {
        "plan": {"id": "pl", "name": "Weekly pool"},
        "items": [{"id": "a", "name": "Visit", "quantity": 4, "unit_amount": 3000}],
        "currency": "usd",
        "interval": "month",
        "current_period": {"start": "2026-01-01", "end": "2026-01-31"},
    },
    "subscription.cancelled": {"ends_on": "2026-01-31"},
    "contract.signed": {
        "number": "C-7",
        "title": "Pool care",
        "starts_on": "2026-01-01",
        "services": [{"name": "Pool cleaning", "cadence": "weekly"}],
        "sla": {"on_time_grace_minutes": 15},
    },
    "contract.ended": {"ended_on": "2026-03-01"},
}


class EventBuilder:
    """Events of one customer, in the order said: sequences without gaps, one second apart."""

    def __init__(self, business: str = "biz_1", customer: str = "cus_1") -> None:
        self.business = business
        self.customer = customer
        self.events: list[Event] = []
        self._sequences: dict[tuple[str, str], int] = {}

    def event(
        self,
        what: str,
        subject: str = "",
        *,
        sequence: int | None = None,
        type_: str | None = None,
        **data: Any,
    ) -> "EventBuilder":
        """Adds an event; what is not said of its data is by default, `sequence` the next one."""
        kind = what.split(".")[0]
        of_business = kind == "business"
        subject = subject or (self.business if of_business else self.customer)
        number = sequence or self._sequences.get((kind, subject), 0) + 1
        self._sequences[kind, subject] = number
        owner = {"businessid": self.business}
        if not of_business:
            owner["customerid"] = self.customer
        at = START + timedelta(seconds=len(self.events))
        attributes = {
            "id": f"e{len(self.events)}",
            "source": "/servicehub/tests",
            "type": type_ or f"servicehub.{what}.v1",
            "subject": subject,
            "time": at.isoformat().replace("+00:00", "Z"),
            "sequence": str(number),
            **owner,
            "partitionkey": "/".join(owner.values()),
            "specversion": "1.0",
        }
        self.events.append(event(attributes, DEFAULTS.get(what, {}) | data))
        return self


def registered() -> EventBuilder:
    """A business and its customer."""
    return EventBuilder().event("business.registered").event("customer.registered")


def event(attributes: dict[str, str], data: dict[str, Any]) -> Event:
    """A decoded event, by way of the codec, so that nothing is folded that could not be read."""
    key, value, headers = encode(attributes, data, "structured")
    topic = TOPICS.of_type(attributes["type"])
    return decode(Record(topic, TOPICS.partition(key), 0, 0, key, value, headers), TOPICS)
