"""Records to decode, made from an example of every type; written without the codec they test."""

import json
from pathlib import Path
from typing import Any, Protocol

import pytest

from events.envelope import Record
from events.topics import Topics

Examples = dict[str, dict[str, Any]]


class MakeRecord(Protocol):
    """Makes a record of an example; attributes given replace the example's, None takes one away."""

    def __call__(self, name: str = ..., *, data: Any = ..., mode: str = ..., **attributes: Any) -> Record: ...


def attributes_of(name: str) -> dict[str, Any]:
    """CloudEvents attributes of a type, `name` without its `servicehub.`"""
    kind = name.split(".")[0]
    customer = {} if kind == "business" else {"customerid": "cus_1"}
    return {
        "specversion": "1.0",
        "id": "evt-1",
        "source": "/servicehub/test",
        "type": f"servicehub.{name}",
        "subject": {"business": "biz_1", "customer": "cus_1"}.get(kind, "sub_1"),
        "time": "2026-10-15T06:00:00.000Z",
        "datacontenttype": "application/json",
        "businessid": "biz_1",
        **customer,
        "partitionkey": "/".join(["biz_1", *customer.values()]),
        "sequence": "7",
        "sequencetype": "Integer",
    }


@pytest.fixture(scope="session")
def topics() -> Topics:
    return Topics("servicehub.", 12)


@pytest.fixture(scope="session")
def examples() -> Examples:
    """Type without `servicehub.` -> `least` and `most`: data with only what is required, and with everything."""
    examples: Examples = json.loads(Path(__file__).with_name("examples.json").read_text("utf-8"))
    return examples


@pytest.fixture(scope="session")
def make(topics: Topics, examples: Examples) -> MakeRecord:
    def make(
        name: str = "visit.booked.v1", *, data: Any = ..., mode: str = "structured", **attributes: Any
    ) -> Record:
        example = attributes_of(name)
        key = example["partitionkey"].encode()
        topic = topics.of_type(example["type"])
        given = {k: v for k, v in {**example, **attributes}.items() if v is not None}
        body = examples[name]["most"] if data is ... else data
        headers = [("content-type", b"application/cloudevents+json")]
        value = json.dumps({**given, "data": body}).encode()
        if mode == "binary":
            content_type = given.pop("datacontenttype", None)
            headers = [(f"ce_{attribute}", text.encode()) for attribute, text in given.items()]
            headers += [("content-type", content_type.encode())] if content_type else []
            value = json.dumps(body).encode()
        return Record(topic, topics.partition(key), 0, 0, key, value, headers)

    return make
