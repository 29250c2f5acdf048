"""Dead letters as JSON, for the command line and for the staff surface: what an operator needs, contact data masked."""

from typing import Any, Final

import orjson

from events.envelope import Record
from read_models.masking import masked, without_addresses
from read_models.store import Discard, ErrorCount, Letter

SHOWN_BYTES: Final = 20_000
"""Of a value that is no JSON."""


def of_error(one: ErrorCount) -> dict[str, Any]:
    """A kind of error, as JSON."""
    return {
        "kind": one.kind,
        "error": one.error,
        "count": one.number,
        "by_lane": {str(lane): number for lane, number in one.by_lane.items()},
        "first_at": one.first_at,
        "last_at": one.last_at,
    }


def of_letter(letter: Letter) -> dict[str, Any]:
    """A dead letter without its record, as JSON."""
    position = letter.position
    return {
        "id": letter.id,
        "kind": letter.kind,
        "error": letter.error,
        "business": letter.business,
        "customer": letter.customer,
        "topic": position and position.topic,
        "partition": letter.lane,
        "offset": position and position.offset,
        "at": letter.at,
        "waiting": letter.waiting,
        "generations": letter.generations,
    }


def of_discard(one: Discard) -> dict[str, Any]:
    """Who took a record out, and why, as JSON."""
    return {"by": one.by, "why": one.why, "error": one.error, "at": one.at}


def of_record(record: Record, letter: Letter) -> dict[str, Any]:
    """A record as an operator needs to see it, as JSON: what it is and how it is made, contact data masked."""
    kept = letter.record or {}
    return {
        "timestamp": record.timestamp,
        "key": _text(record.key),
        "headers": [[name, _text(part)] for name, part in record.headers],
        "bytes": kept.get("size", len(record.value or b"")),
        "sha256": kept.get("sha256"),
        "value": _value(record.value),
    }


def _value(value: bytes | None) -> Any:
    if value is None:
        return None
    try:
        return masked(orjson.loads(value))
    except orjson.JSONDecodeError:
        return _text(value[:SHOWN_BYTES])


def _text(part: bytes | None) -> str | None:
    return None if part is None else without_addresses(part.decode("utf-8", "backslashreplace"))
