"""The envelope: every rule it has to keep, and what the codec writes."""

import json
from typing import Any

import pytest

from events.envelope import Malformed, Record, decode, encode
from events.topics import Topics
from events.visits import VisitReopened

BUSINESS = "business.closed.v1"


@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize(
    "attribute",
    [
        "specversion",
        "id",
        "source",
        "type",
        "subject",
        "time",
        "businessid",
        "customerid",
        "partitionkey",
        "sequence",
    ],
)
def test_a_missing_attribute_is_malformed(attribute: str, mode: str, make: Any, topics: Topics) -> None:
    """Without one of the attributes an event is malformed, and the reason names it."""
    reason = "neither a structured nor" if (attribute, mode) == ("specversion", "binary") else attribute
    with pytest.raises(Malformed, match=reason):
        decode(make(mode=mode, **{attribute: None}), topics)


@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize("attribute", ["datacontenttype", "sequencetype"])
def test_what_cloudevents_lets_go_without_saying_may_be_absent(
    attribute: str, mode: str, make: Any, topics: Topics
) -> None:
    """An absent content type is JSON, and a sequence is an integer whether or not it says so."""
    assert decode(make(mode=mode, **{attribute: None}), topics) == decode(make(), topics)


@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize(
    ("attribute", "value"),
    [
        ("specversion", "0.3"),
        ("specversion", "1"),
        ("id", ""),
        ("source", "x" * 20_001),
        ("type", "servicehub.visit.booked.v2"),
        ("type", "servicehub.visit.booked.v10"),
        ("type", "servicehub.visit.booked"),
        ("type", "servicehub.visit.booked.v0"),
        ("type", "servicehub.visit.later.vx"),
        ("type", "com.example.visit.booked.v1"),
        ("type", "servicehub.invoice.voided.v1"),
        ("type", "servicehub.invoice.later.v1"),
        ("subject", "with space"),
        ("subject", "vis.1"),
        ("subject", "x" * 65),
        ("subject", "vis_1\n"),
        ("time", "2026-10-15"),
        ("time", "2026-10-15T06:00:00+02:00"),
        ("time", "2026-02-30T06:00:00Z"),
        ("time", "2026-10-15T25:00:00Z"),
        ("datacontenttype", "application/xml"),
        ("businessid", "biz_2"),
        ("businessid", "biz/1"),
        ("customerid", "cus_2"),
        ("partitionkey", "biz_1"),
        ("partitionkey", "biz_1/cus_2"),
        ("sequence", "0"),
        ("sequence", "-1"),
        ("sequence", "1.0"),
        ("sequence", "one"),
        ("sequence", "٣"),
        ("sequence", "9007199254740992"),
        ("sequence", "1" * 30),
        ("sequencetype", "Lexical"),
    ],
)
def test_a_wrong_attribute_is_malformed(
    attribute: str, value: str, mode: str, make: Any, topics: Topics
) -> None:
    """An attribute that breaks its rule makes the record malformed in either mode."""
    with pytest.raises(Malformed):
        decode(make(mode=mode, **{attribute: value}), topics)


@pytest.mark.parametrize("value", [7, 1.5, True, [], {}, ["1.0"], 10**30])
@pytest.mark.parametrize("attribute", ["specversion", "id", "type", "businessid", "sequence", "sequencetype"])
def test_an_attribute_of_another_json_type_is_malformed(
    attribute: str, value: Any, make: Any, topics: Topics
) -> None:
    """Attributes are strings; a number is not one, even where it reads the same."""
    with pytest.raises(Malformed):
        decode(make(**{attribute: value}), topics)


@pytest.mark.parametrize(
    ("name", "subject"),
    [(BUSINESS, "biz_2"), ("customer.erased.v1", "cus_2"), ("customer.later.v1", "cus_2")],
)
def test_whom_an_event_is_about_is_its_subject(name: str, subject: str, make: Any, topics: Topics) -> None:
    """An event about a business or a customer whose subject is another one is malformed."""
    known = name.replace("later", "erased")
    with pytest.raises(Malformed, match="subject"):
        decode(make(known, type=f"servicehub.{name}", subject=subject), topics)


def test_no_customer_on_the_topic_of_businesses(make: Any, topics: Topics) -> None:
    """An event of a business names no customer."""
    with pytest.raises(Malformed, match="customerid"):
        decode(make(BUSINESS, customerid="cus_1"), topics)


def test_a_record_lies_where_its_key_belongs(make: Any, topics: Topics) -> None:
    """Another key, no key, another partition, another topic: malformed."""
    good: Record = make()
    for changes in (
        {"key": b"biz_1/cus_2"},
        {"key": b"\xff"},
        {"key": None},
        {"partition": good.partition + 1},
        {"topic": "servicehub.proofs"},
        {"topic": "servicehub.businesses"},
        {"topic": "servicehub.unheard_of"},
        {"topic": "other.visits"},
    ):
        with pytest.raises(Malformed):
            decode(good._replace(**changes), topics)


def test_another_prefix_is_another_installation(make: Any) -> None:
    """Topics are recognised by their full name, types keep theirs."""
    topics = Topics("test.", 12)

    event = decode(make()._replace(topic="test.visits"), topics)

    assert event.type == "servicehub.visit.booked.v1"
    with pytest.raises(Malformed):
        decode(make(), topics)


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
    with pytest.raises(Malformed):
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
    with pytest.raises(Malformed):
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
        with pytest.raises(Malformed, match="1 MiB"):
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
    with pytest.raises(Malformed):
        decode(make()._replace(headers=headers), topics)


@pytest.mark.parametrize(
    ("event_type", "kind", "fact"),
    [
        ("servicehub.visit.photographed.v1", "visit", "photographed"),
        ("servicehub.visit_note.added.v3", "visit_note", "added"),
    ],
)
@pytest.mark.parametrize("mode", ["structured", "binary"])
@pytest.mark.parametrize("data", [None, 7, {"x": 1}])
def test_an_unknown_type_is_a_new_feature(
    event_type: str, kind: str, fact: str, mode: str, data: Any, make: Any, topics: Topics
) -> None:
    """A type nobody knows is an event without data that keeps its place in the sequence."""
    record = make(data=data, mode=mode, type=event_type)._replace(topic="servicehub.visits")

    event = decode(record, topics)

    assert (event.kind, event.fact, event.sequence, event.data) == (kind, fact, 7, None)


def test_times_are_cut_to_milliseconds(make: Any, topics: Topics) -> None:
    """An event's time is kept in one canonical form."""
    assert decode(make(time="2026-10-15t06:00:00.123999+00:00"), topics).time == "2026-10-15T06:00:00.123Z"


def test_a_reason_quotes_nothing_of_the_record(make: Any, examples: Any, topics: Topics) -> None:
    """Operators read which rule was broken, and no contact data."""
    data = {**examples["customer.registered.v1"]["most"], "emails": "ada@mail.test", "locale": "Ada Lovelace"}

    with pytest.raises(Malformed) as malformed:
        decode(make("customer.registered.v1", data=data), topics)

    assert malformed.value.reason == "data.emails: Input should be a valid tuple (and 1 more)"


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
