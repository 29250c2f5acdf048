"""An event on the wire: content types, headers, JSON and sizes, read and written."""

import json
from typing import Any

import pytest

from events.envelope import MalformedRecord, Record, decode, encode
from events.topics import Topics
from events.visits import VisitReopened


@pytest.mark.parametrize(
    "value",
    [
        None,
        b"",
        b"{",
        b"null",
        b"[]",
        b'"text"',
        b"7",
        b"\xff\xfe",
        b"\xef\xbb\xbf{}",
        b"[" * 100_000,
        b'{"a":' * 5_000,
        b"NaN",
        b"9" * 5_000,
    ],
)
@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_what_is_not_a_json_object_is_malformed(
    value: bytes | None, mode: str, make: Any, topics: Topics
) -> None:
    """Any value that is not an event's JSON is malformed, never another failure."""
    with pytest.raises(MalformedRecord):
        decode(make(mode=mode)._replace(value=value), topics)


@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize(
    ("old", "new"),
    [
        (b'"amount": 10760', b'"amount": ' + b"9" * 30),
        (b'"amount": 10760', b'"amount": -' + b"9" * 30),
        (b'"amount": 10760', b'"amount": 9007199254740992'),
        (b'"amount": 10760', b'"amount": 10760.0'),
        (b'"amount": 10760', b'"amount": "10760"'),
        (b'"amount": 10760', b'"amount": true'),
        (b'"amount": 10760', b'"amount": NaN'),
        (b'"usd"', b'"US\\ud800"'),
        (b'"visa"', b'"\\udfff"'),
        (b'"visa"', b'"\xed\xa0\x80"'),
    ],
)
def test_values_no_store_can_hold_are_malformed(
    old: bytes, new: bytes, mode: str, make: Any, topics: Topics
) -> None:
    """Integers beyond a double, numbers of another type and lone surrogates are malformed."""
    good: Record = make("payment.succeeded.v1", mode=mode)
    assert good.value is not None
    assert old in good.value
    with pytest.raises(MalformedRecord):
        decode(good._replace(value=good.value.replace(old, new)), topics)


def test_the_largest_integers_are_kept(make: Any, examples: Any, topics: Topics) -> None:
    """±(2^53 - 1) are in bounds."""
    for amount in (2**53 - 1, 1 - 2**53):
        data = {**examples["payment.refunded.v1"]["most"], "amount": amount}
        event = decode(make("payment.refunded.v1", data=data), topics)
        assert event.data is not None
        assert event.data.model_dump()["amount"] == amount


def test_a_record_of_more_than_a_mebibyte_is_malformed(make: Any, topics: Topics) -> None:
    """1 MiB passes, a byte more does not, wherever it is."""
    record: Record = make("visit.reopened.v1")
    assert record.value is not None
    beside = len(record.key or b"") + sum(len(name) + len(value or b"") for name, value in record.headers)
    full = record._replace(value=record.value.ljust(2**20 - beside))

    assert decode(full, topics).data == VisitReopened(reason="By mistake")
    for larger in (
        full._replace(value=record.value.ljust(2**20 - beside + 1)),
        full._replace(headers=[*record.headers, ("x", b"")]),
        full._replace(value=b"x" * 2_000_000),
    ):
        with pytest.raises(MalformedRecord, match="1 MiB"):
            decode(larger, topics)


@pytest.mark.parametrize(
    "content_type",
    [
        b"application/cloudevents+json; charset=utf-8",
        b"Application/CloudEvents+JSON",
        b"application/cloudevents+json ;a=b",
    ],
)
def test_a_content_type_may_have_parameters(content_type: bytes, make: Any, topics: Topics) -> None:
    """Structured mode is recognised by the media type, whatever its case and parameters."""
    record = make()._replace(headers=[("content-type", content_type)])

    assert decode(record, topics) == decode(make(), topics)


def test_the_last_of_repeated_headers_counts(make: Any, topics: Topics) -> None:
    """As Kafka's own lastHeader() has it."""
    binary = make(mode="binary")
    record = binary._replace(headers=[("ce_id", b"first"), ("content-type", b"text/plain"), *binary.headers])

    assert decode(record, topics) == decode(make(), topics)


@pytest.mark.parametrize(
    "headers",
    [
        [],
        [("content-type", None)],
        [("content-type", b"application/json")],
        [("content-type", b"application/cloudevents-batch+json")],
        [("content-type", b"application/cloudevents+avro")],
        [("content-type", b"application/cloudevents")],
        [("ce_specversion", b"1.0"), ("ce_id", b"\xff")],
        [("ce_specversion", b"1.0"), ("content-type", b"\xff")],
    ],
)
def test_what_is_no_cloudevent_is_malformed(
    headers: list[tuple[str, bytes | None]], make: Any, topics: Topics
) -> None:
    """A record that names neither mode, another format, or has unreadable headers is malformed."""
    with pytest.raises(MalformedRecord):
        decode(make()._replace(headers=headers), topics)


@pytest.mark.parametrize("data", [{"reason": "Ünklar"}, {}])
def test_encode_writes_both_modes(data: dict[str, Any], topics: Topics) -> None:
    """What encode writes is what the Kafka protocol binding of CloudEvents prescribes."""
    attributes = {
        "specversion": "1.0",
        "type": "servicehub.visit.reopened.v1",
        "datacontenttype": "application/json",
        "partitionkey": "biz_1/cus_1",
    }

    key, value, headers = encode(attributes, data, "structured")
    assert (key, headers) == (b"biz_1/cus_1", [("content-type", b"application/cloudevents+json")])
    assert json.loads(value or b"") == {**attributes, "data": data}

    key, value, headers = encode(attributes, data, "binary")
    assert key == b"biz_1/cus_1"
    assert json.loads(value or b"") == data
    assert headers == [
        ("ce_specversion", b"1.0"),
        ("ce_type", b"servicehub.visit.reopened.v1"),
        ("content-type", b"application/json"),
        ("ce_partitionkey", b"biz_1/cus_1"),
    ]


def test_encode_without_data() -> None:
    """An event without data has no `data` in structured mode and no value in binary mode."""
    attributes = {"partitionkey": "biz_1"}

    assert encode(attributes, None, "structured")[1] == b'{"partitionkey":"biz_1"}'
    assert encode(attributes, None, "binary")[1] is None
    with pytest.raises(KeyError):
        encode({}, None, "binary")
