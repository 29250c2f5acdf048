"""JSON of dead letters for the command line and the staff surface, contact data masked."""

import re
from typing import Any, Final

import orjson

from events.envelope import Record
from read_models.masking import mask_contact_data, mask_emails
from read_models.store import DeadLetter, Discard, ErrorCount

MAX_VALUE_BYTES: Final = 20_000
"""Maximum bytes shown of a value that is not JSON."""

ATTRIBUTES: Final = frozenset(
    {
        *("specversion", "id", "source", "type", "subject", "time", "datacontenttype", "dataschema"),
        *("businessid", "customerid", "partitionkey", "sequence", "sequencetype"),
        *("traceparent", "tracestate"),
    }
)
"""Attributes of a CloudEvent from ServiceHub (docs/contracts/events.md), which hold ids and times only."""

_IS_KEY: Final = re.compile(r"[A-Za-z0-9_-]{1,64}(/[A-Za-z0-9_-]{1,64})?").fullmatch
_HIDDEN: Final = re.compile(r'("[a-z][a-z0-9_]{0,40}"\s*:)|\w')


def error_to_json(count: ErrorCount) -> dict[str, Any]:
    """Return the count of one error as JSON."""
    return {
        "kind": count.kind,
        "error": count.error,
        "count": count.number,
        "by_lane": {str(lane): number for lane, number in count.by_lane.items()},
        "first_at": count.first_at,
        "last_at": count.last_at,
    }


def dead_letter_to_json(dead_letter: DeadLetter) -> dict[str, Any]:
    """Return a dead letter without its record, as JSON."""
    position = dead_letter.position
    return {
        "id": dead_letter.id,
        "kind": dead_letter.kind,
        "error": dead_letter.error,
        "business": mask_key(dead_letter.business),
        "customer": mask_key(dead_letter.customer),
        "topic": position and position.topic,
        "partition": dead_letter.lane,
        "offset": position and position.offset,
        "at": dead_letter.at,
        "waiting": dead_letter.waiting,
        "generations": dead_letter.generations,
    }


def discard_to_json(discard: Discard) -> dict[str, Any]:
    """Return a discard as JSON: operator, reason, error and time."""
    return {"by": discard.by, "why": discard.why, "error": discard.error, "at": discard.at}


def record_to_json(record: Record, dead_letter: DeadLetter) -> dict[str, Any]:
    """Return a record as JSON, with contact data masked and free text reduced to its shape."""
    stored = dead_letter.record or {}
    return {
        "timestamp": record.timestamp,
        "key": None if record.key is None else mask_key(_text(record.key)),
        "headers": [_header(name, part) for name, part in record.headers],
        "bytes": stored.get("size", len(record.value or b"")),
        "sha256": stored.get("sha256"),
        "value": _value(record.value),
    }


def _value(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        found = orjson.loads(value)
    except orjson.JSONDecodeError:
        return _shape(_text(value[:MAX_VALUE_BYTES]))
    if isinstance(found, dict) and ("specversion" in found or "data" in found):
        return {
            mask_emails(name): _data(inner)
            if name == "data"
            else mask_contact_data(inner if name in ATTRIBUTES else _shape_of(inner), [name])
            for name, inner in found.items()
        }
    return _data(found)


def _data(value: Any) -> Any:
    """Return an object with contact fields masked, and any other value reduced to its shape."""
    return mask_contact_data(value) if isinstance(value, dict) else _shape_of(value)


def _shape_of(value: Any) -> Any:
    if value is None or isinstance(value, bool):
        return value
    return _shape(value if isinstance(value, str) else orjson.dumps(value).decode())


def _shape(text: str) -> str:
    """Replace the letters of a text by dots, as names and addresses may occur anywhere in it."""
    return _HIDDEN.sub(lambda found: found[1] or "•", text)


def mask_key(owner: str | None) -> str | None:
    """Return the key of an owner unchanged if it consists of ids, otherwise reduced to its shape."""
    return owner if owner is None or _IS_KEY(owner) else _shape(owner)


def _header(name: str, part: bytes | None) -> list[str | None]:
    is_safe = name == "content-type" or name.removeprefix("ce_") in ATTRIBUTES
    text = None if part is None else _text(part)
    return [mask_emails(name), text if is_safe or text is None else _shape(text)]


def _text(part: bytes) -> str:
    return mask_emails(part.decode("utf-8", "backslashreplace"))
