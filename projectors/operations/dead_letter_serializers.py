"""Dead letters as JSON, for the command line and for the staff surface: what an operator needs, contact data masked."""

import re
from typing import Any, Final

import orjson

from events.envelope import Record
from read_models.masking import mask_contact_data, mask_emails
from read_models.store import DeadLetter, Discard, ErrorCount

SHOWN_BYTES: Final = 20_000
"""Of a value that is no JSON."""

ATTRIBUTES: Final = frozenset(
    {
        *("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"),
        *("businessid", "customerid", "partitionkey", "sequence", "sequencetype"),
        *("traceparent", "tracestate"),
    }
)
"""Of a CloudEvent as ServiceHub writes it (EVENTS.md): ids and times. Whatever else is there may be anything."""

_IS_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64})?").fullmatch
_HIDDEN: Final = re.compile(r'("[a-z][a-z0-9_]{0,40}"\s*:)|\w')


def of_error(one: ErrorCount) -> dict[str, Any]:
    """Return a kind of error, as JSON."""
    return {
        "kind": one.kind,
        "error": one.error,
        "count": one.number,
        "by_lane": {str(lane): number for lane, number in one.by_lane.items()},
        "first_at": one.first_at,
        "last_at": one.last_at,
    }


def of_letter(letter: DeadLetter) -> dict[str, Any]:
    """Return a dead letter without its record, as JSON."""
    position = letter.position
    return {
        "id": letter.id,
        "kind": letter.kind,
        "error": letter.error,
        "business": named(letter.business),
        "customer": named(letter.customer),
        "topic": position and position.topic,
        "partition": letter.lane,
        "offset": position and position.offset,
        "at": letter.at,
        "waiting": letter.waiting,
        "generations": letter.generations,
    }


def of_discard(one: Discard) -> dict[str, Any]:
    """Return who took a record out, and why, as JSON."""
    return {"by": one.by, "why": one.why, "error": one.error, "at": one.at}


def of_record(record: Record, letter: DeadLetter) -> dict[str, Any]:
    """Return a record as an operator needs to see it, as JSON: what it is and how it is made, contact data masked."""
    kept = letter.record or {}
    return {
        "timestamp": record.timestamp,
        "key": None if record.key is None else named(_text(record.key)),
        "headers": [_header(name, part) for name, part in record.headers],
        "bytes": kept.get("size", len(record.value or b"")),
        "sha256": kept.get("sha256"),
        "value": _value(record.value),
    }


def _value(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return _shape(_text(value[:SHOWN_BYTES]))
    if isinstance(found, dict) and ("specversion" in found or "data" in found):
        return {
            mask_emails(name): _data(inner)
            if name == "data"
            else mask_contact_data(inner if name in ATTRIBUTES else _shape_of(inner), [name])
            for name, inner in found.items()
        }
    return _data(found)


def _data(value: Any) -> Any:
    """Return data with contact fields masked; of what is no object, only its shape."""
    return mask_contact_data(value) if isinstance(value, dict) else _shape_of(value)


def _shape_of(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    return _shape(value if isinstance(value, str) else orjson.dumps(value).decode())


def _shape(text: str) -> str:
    """Return how a text is made, without what it says: what somebody is called or lives at may stand anywhere in it."""
    return _HIDDEN.sub(lambda found: found[1] or "•", text)


def named(owner: str | None) -> str | None:
    """Return an id, or two with a slash, as they are; of whatever else a key had in their place, how it is made."""
    return owner if owner is None or _IS_KEY(owner) else _shape(owner)


def _header(name: str, part: bytes | None) -> list[str | None]:
    known = name == "content-type" or name.removeprefix("ce_") in ATTRIBUTES
    text = None if part is None else _text(part)
    return [mask_emails(name), text if known or text is None else _shape(text)]


def _text(part: bytes) -> str:
    return mask_emails(part.decode("utf-8", "backslashreplace"))
