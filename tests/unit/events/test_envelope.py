"""Every rule the attributes of an event, and the record it comes in, have to keep."""

import sys
from typing import Any

import pytest

from events.envelope import MalformedRecord, Record, decode
from events.topics import Topics

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
    with pytest.raises(MalformedRecord, match=reason):
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
    with pytest.raises(MalformedRecord):
        decode(make(mode=mode, **{attribute: value}), topics)


@pytest.mark.parametrize("value", [7, 1.5, True, [], {}, ["1.0"], 10**30])
@pytest.mark.parametrize("attribute", ["specversion", "id", "type", "businessid", "sequence", "sequencetype"])
def test_an_attribute_of_another_json_type_is_malformed(
    attribute: str, value: Any, make: Any, topics: Topics
) -> None:
    """Attributes are strings; a number is not one, even where it reads the same."""
    with pytest.raises(MalformedRecord):
        decode(make(**{attribute: value}), topics)


@pytest.mark.parametrize(
    ("name", "subject"),
    [(BUSINESS, "biz_2"), ("customer.erased.v1", "cus_2"), ("customer.later.v1", "cus_2")],
)
def test_whom_an_event_is_about_is_its_subject(name: str, subject: str, make: Any, topics: Topics) -> None:
    """An event about a business or a customer whose subject is another one is malformed."""
    known = name.replace("later", "erased")
    with pytest.raises(MalformedRecord, match="subject"):
        decode(make(known, type=f"servicehub.{name}", subject=subject), topics)


def test_no_customer_on_the_topic_of_businesses(make: Any, topics: Topics) -> None:
    """An event of a business names no customer."""
    with pytest.raises(MalformedRecord, match="customerid"):
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
        with pytest.raises(MalformedRecord):
            decode(good._replace(**changes), topics)


def test_nothing_is_kept_of_a_key_that_is_none(make: Any, topics: Topics) -> None:
    """Keys are remembered, but not what is as long as a record may be: many of those would fill the memory."""
    key = b"x" * 500_000
    held = sys.getrefcount(key)
    with pytest.raises(MalformedRecord, match="the record's key is not the partitionkey"):
        decode(make()._replace(key=key), topics)
    assert sys.getrefcount(key) == held


def test_another_prefix_is_another_installation(make: Any) -> None:
    """Topics are recognised by their full name, types keep theirs."""
    topics = Topics("test.", 12)

    event = decode(make()._replace(topic="test.visits"), topics)

    assert event.type == "servicehub.visit.booked.v1"
    with pytest.raises(MalformedRecord):
        decode(make(), topics)


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

    with pytest.raises(MalformedRecord) as malformed:
        decode(make("customer.registered.v1", data=data), topics)

    assert malformed.value.reason == "data.emails: Input should be a valid tuple (and 1 more)"
