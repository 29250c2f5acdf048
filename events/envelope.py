"""CloudEvents 1.0 over Kafka: from a record to a typed event and back (docs/contracts/events.md, Envelope).

Structured mode (`content-type: application/cloudevents+json`) and binary mode (`ce_*` headers, value = data)
are told apart by the content type, as the CloudEvents Kafka protocol binding says.
"""

import re
from collections.abc import Mapping, Sequence
from functools import lru_cache
from typing import Any, Final, Literal, NamedTuple

import orjson
from pydantic import BaseModel, ValidationError

from events.registry import EVENT_TYPES, FACTS, EventType
from events.topics import BUSINESSES, ENTITIES, MAX_RECORD_BYTES, Topics
from events.types import ID_PATTERN, MAX_INTEGER, MAX_TEXT, canonical_timestamp

STRUCTURED: Final = b"application/cloudevents+json"
_CLOUDEVENTS: Final = b"application/cloudevents"
_JSON: Final = "application/json"
_LONGEST_KEY: Final = 2 * 64 + 1
"""Bytes of two ids and what is between them."""
_IS_ID: Final = re.compile(ID_PATTERN.removesuffix("$"), re.ASCII).fullmatch
_IS_SEQUENCE: Final = re.compile(r"[1-9][0-9]{0,15}", re.ASCII).fullmatch
_IS_TYPE: Final = re.compile(
    r"servicehub\.([a-z][a-z0-9_]{0,63})\.([a-z][a-z0-9_]{0,63})\.v[1-9][0-9]{0,8}", re.ASCII
).fullmatch


class Record(NamedTuple):
    """One Kafka record, as read."""

    topic: str
    """Full name, with prefix."""
    partition: int
    offset: int
    timestamp: int
    """Kafka's, in milliseconds since 1970."""
    key: bytes | None
    value: bytes | None
    headers: Sequence[tuple[str, bytes | None]]


class Event(NamedTuple):
    """One well-formed event."""

    id: str
    """Unique within `source`; a redelivery repeats it."""
    source: str
    type: str
    """Full type, e.g. `servicehub.visit.completed.v1`, as published."""
    kind: str
    """Its second part: the entity kind."""
    fact: str
    """Its third part."""
    subject: str
    """Id of the entity it is about."""
    time: str
    """When it happened, `YYYY-MM-DDTHH:MM:SS.mmmZ`."""
    business: str
    customer: str | None
    """None on the topic of businesses."""
    sequence: int
    """1, 2, 3 … per business, kind and subject."""
    data: BaseModel | None
    """Model of the newest version of the fact; None for an unknown type."""


class MalformedRecord(Exception):
    """A record that breaks the contract. `reason` tells operators which rule, and quotes nothing of the record."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def decode(record: Record, topics: Topics) -> Event:
    """Read a record in either mode, check every rule of docs/contracts/events.md, upcast its data.

    Raises MalformedRecord and nothing else, whatever the bytes.
    """
    topic = topics.unprefixed_by_name.get(record.topic)
    if topic is None:
        raise MalformedRecord("the topic is none of ServiceHub's")
    value = record.value or b""
    content_type, size = b"", len(value) + len(record.key or b"")
    for name, header in record.headers:
        size += len(name) + len(header or b"")
        if name == "content-type":
            # Kafka allows a header several times; as with its own lastHeader(), the last one counts.
            content_type = header or b""
    if size > MAX_RECORD_BYTES:
        raise MalformedRecord("the record is larger than 1 MiB")
    if content_type == STRUCTURED or content_type.lower().startswith(_CLOUDEVENTS):
        attributes = _structured(content_type, value)
        data = attributes.get("data")
    else:
        attributes = _binary(content_type, record)
        data = _json(value) if value else None
    return _event(attributes, data, record, topic, topics)


def _json(value: bytes) -> Any:
    try:
        return orjson.loads(value)
    except orjson.JSONDecodeError:
        # orjson refuses what is not JSON, not UTF-8, a lone surrogate, NaN, or deeper than 1024 levels.
        raise MalformedRecord("the value is not JSON in valid Unicode") from None


def _structured(content_type: bytes, value: bytes) -> dict[str, Any]:
    if content_type != STRUCTURED and content_type.split(b";")[0].strip().lower() != STRUCTURED:
        raise MalformedRecord("the content type is a CloudEvents format other than JSON")
    if not value:
        raise MalformedRecord("the value is empty")
    attributes = _json(value)
    if not isinstance(attributes, dict):
        raise MalformedRecord("the value is not a JSON object")
    return attributes


def _binary(content_type: bytes, record: Record) -> dict[str, Any]:
    attributes: dict[str, Any] = {}
    try:
        for name, value in record.headers:
            if name.startswith("ce_"):
                attributes[name[3:]] = None if value is None else value.decode()
        if content_type:
            attributes["datacontenttype"] = content_type.decode()
    except UnicodeDecodeError:
        raise MalformedRecord("a header is not valid UTF-8") from None
    if "specversion" not in attributes:
        raise MalformedRecord("neither a structured nor a binary CloudEvent")
    return attributes


def _text(attributes: Mapping[str, Any], name: str) -> str:
    value = attributes.get(name)
    if value.__class__ is not str:
        raise MalformedRecord(f"attribute {name} is {'missing' if value is None else 'not a string'}")
    if not 0 < len(value) <= MAX_TEXT:
        raise MalformedRecord(f"attribute {name} is empty or longer than {MAX_TEXT} characters")
    text: str = value
    return text


def _id(attributes: Mapping[str, Any], name: str) -> str:
    value = _text(attributes, name)
    if not _IS_ID(value):
        raise MalformedRecord(f"attribute {name} is not an id")
    return value


def _event(attributes: Mapping[str, Any], data: Any, record: Record, topic: str, topics: Topics) -> Event:
    if attributes.get("specversion") != "1.0":
        raise MalformedRecord("attribute specversion is not 1.0")
    _check_content_type(attributes.get("datacontenttype"))
    business, customer = _owner(attributes, record, topic, topics)
    event_type = _text(attributes, "type")
    subject = _id(attributes, "subject")
    known = EVENT_TYPES.get(event_type)
    kind, fact = _unknown_type(event_type) if known is None else (known.kind, known.fact)
    if ENTITIES.get(kind, topic) != topic:
        raise MalformedRecord("the type belongs on another topic")
    if (kind == "business" and subject != business) or (kind == "customer" and subject != customer):
        raise MalformedRecord("attribute subject is not the id of whom the event is about")
    return Event(
        _text(attributes, "id"),
        _text(attributes, "source"),
        event_type,
        kind,
        fact,
        subject,
        _time(attributes),
        business,
        customer,
        _sequence(attributes),
        None if known is None else _data(known, data),
    )


def _check_content_type(content_type: Any) -> None:
    # CloudEvents reads an absent one as JSON.
    if content_type is None or content_type == _JSON:
        return
    if not isinstance(content_type, str) or content_type.split(";")[0].strip().lower() != _JSON:
        raise MalformedRecord("attribute datacontenttype is not application/json")


@lru_cache(maxsize=100_000)
def _parse_key(key: bytes) -> tuple[str, str, str | None] | None:
    """Return the partitionkey, businessid and customerid that belong to a key; None where it is not made of ids."""
    owner = key.decode("latin-1")
    business, slash, customer = owner.partition("/")
    if not _IS_ID(business) or (slash and not _IS_ID(customer)):
        return None
    return owner, business, customer if slash else None


def _owner(
    attributes: Mapping[str, Any], record: Record, topic: str, topics: Topics
) -> tuple[str, str | None]:
    # From the key: its ids need a look but once. What is too long to be a key is not remembered.
    key = record.key or b""
    owner = _parse_key(key) if len(key) <= _LONGEST_KEY else None
    said = attributes.get("partitionkey"), attributes.get("businessid"), attributes.get("customerid")
    if owner is None or said != owner or (owner[2] is None) != (topic == BUSINESSES):
        raise MalformedRecord(_owner_mismatch(attributes, topic))
    if record.partition != topics.partition(key):
        raise MalformedRecord("the record is in another partition than its key's")
    return owner[1], owner[2]


def _owner_mismatch(attributes: Mapping[str, Any], topic: str) -> str:
    """Return which rule is broken by what is said of the owner; raises MalformedRecord where an id is wrong by
    itself."""
    owner = _id(attributes, "businessid")
    if topic != BUSINESSES:
        owner = f"{owner}/{_id(attributes, 'customerid')}"
    elif attributes.get("customerid") is not None:
        return "attribute customerid is there, on the topic of businesses"
    if attributes.get("partitionkey") != owner:
        return "attribute partitionkey is not made of businessid and customerid"
    return "the record's key is not the partitionkey"


def _unknown_type(event_type: str) -> tuple[str, str]:
    """Kind and fact of an unknown type; Malformed when only its version is unknown, or it is no type at all."""
    parts = _IS_TYPE(event_type)
    if parts is None:
        raise MalformedRecord("attribute type is not servicehub.<entity>.<fact>.v<N>")
    if parts.groups() in FACTS:
        raise MalformedRecord("a known type of an unknown version")
    return parts[1], parts[2]


def _time(attributes: Mapping[str, Any]) -> str:
    try:
        return canonical_timestamp(_text(attributes, "time"))
    except ValueError:
        raise MalformedRecord("attribute time is not an RFC 3339 UTC timestamp") from None


def _sequence(attributes: Mapping[str, Any]) -> int:
    number = _number_in(_text(attributes, "sequence"))
    if attributes.get("sequencetype") not in (None, "Integer"):
        raise MalformedRecord("attribute sequencetype is not Integer")
    return number


@lru_cache(maxsize=1_000)
def _number_in(text: str) -> int:
    # Most subjects have few events, so the same numbers come again and again.
    if not _IS_SEQUENCE(text) or (number := int(text)) > MAX_INTEGER:
        raise MalformedRecord("attribute sequence is not a positive integer as a string")
    return number


def _data(known: EventType, data: Any) -> BaseModel:
    if data is None:
        if not known.may_lack_data:
            raise MalformedRecord("data is missing")
        data = {}
    try:
        # What `model_validate` comes down to.
        model = known.model.__pydantic_validator__.validate_python(data)
        return model if known.upcast is None else known.upcast(model)
    except ValidationError as error:
        raise MalformedRecord(_reason(error)) from None
    except ValueError as error:
        raise MalformedRecord(str(error)) from None


def _reason(error: ValidationError) -> str:
    problems = error.errors(include_url=False, include_context=False, include_input=False)
    where = ".".join(str(part) for part in ("data", *problems[0]["loc"]))
    more = f" (and {len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{where}: {problems[0]['msg']}{more}"


def encode(
    attributes: Mapping[str, str], data: Mapping[str, Any] | None, mode: Literal["structured", "binary"]
) -> tuple[bytes, bytes | None, list[tuple[str, bytes]]]:
    """Give a record's key, value and headers for an event, as the CloudEvents Kafka protocol binding writes it.

    `attributes` are the event's by their CloudEvents names, `partitionkey` among them (KeyError otherwise);
    nothing is checked. In binary mode an event without data has no value.
    """
    key = attributes["partitionkey"].encode()
    if mode == "structured":
        event = dict(attributes) if data is None else {**attributes, "data": data}
        return key, orjson.dumps(event), [("content-type", STRUCTURED)]
    headers = [
        ("content-type" if name == "datacontenttype" else f"ce_{name}", value.encode())
        for name, value in attributes.items()
    ]
    return key, None if data is None else orjson.dumps(data), headers
