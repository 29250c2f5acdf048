"""Facts and how ServiceHub's services put them on Kafka (docs/contracts/events.md, Envelope)."""

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
"""The service that publishes the events of each kind."""

BINARY: Final = frozenset({"/servicehub/billing"})
"""The older services, which write CloudEvents in binary mode."""


class Owner(NamedTuple):
    """Whose event it is: a customer's of a business, or with no customer the business's own."""

    business: str
    customer: str | None = None


class ScheduledEvent(NamedTuple):
    """Something that happened, or is going to happen, to one subject."""

    at: datetime
    """Aware; the event's time."""
    what: str
    """The event's type without `servicehub.`, e.g. `visit.completed.v1`."""
    owner: Owner
    subject: str
    data: dict[str, Any]


class Message(NamedTuple):
    """An event as `events.envelope.encode` takes it."""

    attributes: dict[str, str]
    data: dict[str, Any]
    mode: Literal["structured", "binary"]


class EventLog:
    """All facts of the demo, past and future, said in any order and read in that of their times."""

    def __init__(self) -> None:
        self._facts: list[ScheduledEvent] = []
        self._sequences: Counter[tuple[str, str, str]] = Counter()

    def say(self, at: datetime, what: str, owner: Owner, subject: str, **data: Any) -> None:
        """Add a fact. Fields that are None are left out of its data, datetimes are written as timestamps."""
        self._facts.append(ScheduledEvent(at, what, owner, subject, _written(data)))

    def take(self, now: datetime) -> Iterator[Message]:
        """Take out what has happened up to now, in order, with sequences that go on from those taken before."""
        due = sorted((fact for fact in self._facts if fact.at <= now), key=lambda fact: fact.at)
        self._facts = [fact for fact in self._facts if fact.at > now]
        for fact in due:
            yield self._message(fact)

    def _message(self, fact: ScheduledEvent) -> Message:
        kind = fact.what.split(".")[0]
        business, customer = fact.owner
        self._sequences[business, kind, fact.subject] += 1
        sequence = self._sequences[business, kind, fact.subject]
        attributes = {
            "specversion": "1.0",
            "id": f"{business}.{kind}.{fact.subject}.{sequence}",
            "source": SOURCES[kind],
            "type": f"servicehub.{fact.what}",
            "subject": fact.subject,
            "time": stamp(fact.at),
            "datacontenttype": "application/json",
            "businessid": business,
            "partitionkey": business if customer is None else f"{business}/{customer}",
            "sequence": str(sequence),
            "sequencetype": "Integer",
        }
        if customer is not None:
            attributes["customerid"] = customer
        return Message(attributes, fact.data, "binary" if SOURCES[kind] in BINARY else "structured")


def stamp(at: datetime) -> str:
    """Return a moment as docs/contracts/events.md writes timestamps: RFC 3339, UTC, milliseconds."""
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def _written(value: Any) -> Any:
    if isinstance(value, datetime):
        return stamp(value)
    if isinstance(value, dict):
        return {name: _written(held) for name, held in value.items() if held is not None}
    if isinstance(value, list | tuple):
        return [_written(held) for held in value]
    return value
