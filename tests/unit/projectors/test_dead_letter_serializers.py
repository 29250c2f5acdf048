"""A dead letter as operators see it: whatever its bytes are, nobody's name, address or number is in it."""

import base64
import json
from datetime import UTC, datetime
from typing import Any

import pytest

from events.envelope import Record
from projectors.operations.dead_letter_serializers import record_to_json
from read_models.store import DeadLetter

SECRETS = ("Ada", "Byron", "mail.test", "0100", "Elm")
PERSON = {"name": "Ada Byron", "emails": ["ada@mail.test"], "phone": "+1 555 0100"}
ATTRIBUTES = {
    "specversion": "1.0",
    "id": "e1",
    "businessid": "biz_1",
    "type": "servicehub.customer.changed.v9",
}
LETTER = DeadLetter(
    "customers-0-7", "unreadable", "why", None, None, 0, None, datetime(2026, 1, 1, tzinfo=UTC), 0, [1], None
)


def shown(value: bytes | None, key: bytes | None = b"biz_1/cus_1", headers: Any = ()) -> dict[str, Any]:
    """What an operator is shown of a record."""
    return record_to_json(Record("customers", 0, 7, 0, key, value, headers), LETTER)


@pytest.mark.parametrize(
    "value",
    [
        json.dumps(ATTRIBUTES | {"data": PERSON}).encode(),
        json.dumps(ATTRIBUTES | {"data": PERSON}).encode()[:-2],
        json.dumps(ATTRIBUTES | {"data": json.dumps(PERSON)}).encode(),
        json.dumps(ATTRIBUTES | {"data": [PERSON["name"]]}).encode(),
        json.dumps(ATTRIBUTES | {"data": {}, "who": "Ada Byron", "at": {"x": "12 Elm St"}}).encode(),
        json.dumps({"data": "Ada Byron"}).encode(),
        json.dumps(PERSON).encode(),
        json.dumps(["Ada Byron", 5550100]).encode(),
        json.dumps("Ada Byron").encode(),
        b"5550100",
        b"<customer><name>Ada Byron</name><street>12 Elm St</street></customer>",
        b"cus_1;Ada Byron;+1 555 0100",
        b'{"Ada Byron": 1',
        b"Ada Byron" + b"\xff",
    ],
)
def test_contact_data_is_masked_whatever_the_value_is(value: bytes) -> None:
    assert not any(secret in str(shown(value)) for secret in SECRETS)


def test_an_encoded_value_is_masked_too() -> None:
    """Base64 hides nothing from who can read."""
    encoded = base64.b64encode(json.dumps(PERSON).encode()).decode()
    assert encoded not in str(shown(json.dumps(ATTRIBUTES | {"data_base64": encoded}).encode()))


def test_keys_and_headers_are_masked_where_they_are_not_what_they_should_be() -> None:
    headers = [
        ("ce_id", b"e1"),
        ("content-type", b"application/json"),
        ("x-name", b"Ada Byron"),
        ("who", None),
    ]
    found = shown(b"{}", b"Ada Byron, 12 Elm St", [*headers, ("ada@mail.test", b"1")])
    assert not any(secret in str(found) for secret in SECRETS)
    assert found["headers"][:2] == [["ce_id", "e1"], ["content-type", "application/json"]]
    assert found["headers"][3] == ["who", None]


def test_what_an_operator_needs_is_there() -> None:
    """Ids and times of an event that is one; where a text that is none breaks off."""
    event = ATTRIBUTES | {"time": "2026-01-01T09:00:00Z", "sequence": "3", "data": {"visit_id": "vis_1"}}
    found = shown(json.dumps(event).encode())
    assert (found["key"], found["value"]) == ("biz_1/cus_1", event)
    assert shown(b'{"id": "e1", "name": "A')["value"] == '{"id": "••", "name": "•'
    assert shown(None)["value"] is None
