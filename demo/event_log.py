"""Event log of the demo, in the envelope of ServiceHub (docs/contracts/events.md, Envelope)."""

from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any, Final, Literal, NamedTuple

SOURCES: Final = {
    "business": "/servicehub/accounts",
    "customer": "/servicehub/accounts",
    "visit": "/servicehub/dispatch",
    "proof": "/servicehub/field",
    "proof_pack": "/servicehub/field",
    "invoice": "/servicehub/billing",
    "payment": "/servicehub/billing",
    "subscription": "/servicehub/plans",
    "contract": "/servicehub/plans",
}
"""CloudEvents source by kind of event."""

BINARY_MODE_SOURCES: Final = frozenset({"/servicehub/billing"})
"""Older services, which write CloudEvents in binary mode."""


class Owner(NamedTuple):
    """The customer an event belongs to, or the business where there is no customer."""

    business: str
    customer: str | None = None


class ScheduledEvent(NamedTuple):
    """An event that has happened or is going to happen."""

    time: datetime
    """Aware."""
    event_type: str
    """Without the prefix `servicehub.`, e.g. `visit.completed.v1`."""
    owner: Owner
    subject: str
    data: dict[str, Any]


class Message(NamedTuple):
    """An event as the arguments of `events.envelope.encode`."""

    attributes: dict[str, str]
    data: dict[str, Any]
    mode: Literal["structured", "binary"]


class EventLog:
    """Events of the demo, past and future: added in any order, taken in order of time."""

    def __init__(self) -> None:
        self._pending: list[ScheduledEvent] = []
        self._sequences: Counter[tuple[str, str, str]] = Counter()

    def add(self, time: datetime, event_type: str, owner: Owner, subject: str, /, **data: Any) -> None:
        """Add an event. Omits data fields that are None and formats datetimes as timestamps."""
        self._pending.append(ScheduledEvent(time, event_type, owner, subject, _to_json(data)))

    def take_until(self, now: datetime) -> Iterator[Message]:
        """Remove and yield the events up to *now*, with sequences that continue those taken before."""
        due = sorted((event for event in self._pending if event.time <= now), key=lambda event: event.time)
        self._pending = [event for event in self._pending if event.time > now]
        for event in due:
            yield self._to_message(event)

    def _to_message(self, event: ScheduledEvent) -> Message:
        kind = event.event_type.split(".")[0]
        business, customer = event.owner
        self._sequences[business, kind, event.subject] += 1
        sequence = self._sequences[business, kind, event.subject]
        attributes = {
            "specversion": "1.0",
            "id": f"{business}.{kind}.{event.subject}.{sequence}",
            "source": SOURCES[kind],
            "type": f"servicehub.{event.event_type}",
            "subject": event.subject,
            "time": format_timestamp(event.time),
            "datacontenttype": "application/json",
            "businessid": business,
            "partitionkey": business if customer is None else f"{business}/{customer}",
            "sequence": str(sequence),
            "sequencetype": "Integer",
        }
        if customer is not None:
            attributes["customerid"] = customer
        mode: Literal["structured", "binary"] = (
            "binary" if SOURCES[kind] in BINARY_MODE_SOURCES else "structured"
        )
        return Message(attributes, event.data, mode)


def format_timestamp(time: datetime) -> str:
    """Return an RFC 3339 timestamp in UTC with milliseconds (docs/contracts/events.md, Values)."""
    return time.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _to_json(value: Any) -> Any:
    if isinstance(value, datetime):
        return format_timestamp(value)
    if isinstance(value, dict):
        return {name: _to_json(field) for name, field in value.items() if field is not None}
    if isinstance(value, list | tuple):
        return [_to_json(item) for item in value]
    return value
