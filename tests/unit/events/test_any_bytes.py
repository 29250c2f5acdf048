"""Whatever the bytes, a record decodes to an event or is malformed: there is no third way."""

import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from events.envelope import Event, MalformedRecord, Record, decode
from events.topics import Topics

anyhow = settings(suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])

json_values = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats()
    | st.text(st.characters(codec=None))
    | st.sampled_from([10**30, "\ud800", "", "x" * 20_001, [0] * 501, -0.0]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)
headers = st.lists(
    st.tuples(
        st.sampled_from(["content-type", "ce_specversion", "ce_type", "ce_id", "ce_", "x"]) | st.text(),
        st.none()
        | st.binary()
        | st.sampled_from([b"application/cloudevents+json", b"application/json", b"1.0"]),
    )
)


def decodes_or_is_malformed(record: Record, topics: Topics) -> None:
    try:
        event = decode(record, topics)
    except MalformedRecord:
        return
    assert isinstance(event, Event)
    if event.data is not None:
        event.data.model_dump_json().encode()


@anyhow
@given(
    topic=st.sampled_from(["servicehub.visits", "servicehub.businesses", "", "x"]) | st.text(),
    partition=st.integers(),
    key=st.none() | st.binary(),
    value=st.none() | st.binary() | json_values.map(lambda value: json.dumps(value).encode()),
    headers=headers,
)
def test_random_records(
    topic: str, partition: int, key: bytes | None, value: bytes | None, headers: Any, topics: Topics
) -> None:
    """Random keys, values and headers raise nothing but Malformed."""
    decodes_or_is_malformed(Record(topic, partition, 0, 0, key, value, headers), topics)


@anyhow
@given(draw=st.data())
@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_mutated_bytes(draw: st.DataObject, mode: str, make: Any, examples: Any, topics: Topics) -> None:
    """A good event with some bytes replaced raises nothing but Malformed."""
    good: Record = make(draw.draw(st.sampled_from(sorted(examples))), mode=mode)
    assert good.value is not None
    at = draw.draw(st.integers(0, len(good.value)))
    until = draw.draw(st.integers(at, len(good.value)))
    value = good.value[:at] + draw.draw(st.binary(max_size=8)) + good.value[until:]

    decodes_or_is_malformed(good._replace(value=value), topics)


def replaced(value: Any, path: list[Any], new: Any) -> Any:
    if not path:
        return new
    head, *rest = path
    if isinstance(value, dict):
        return {**value, head: replaced(value[head], rest, new)}
    return [*value[:head], replaced(value[head], rest, new), *value[head + 1 :]]


def paths(value: Any) -> list[list[Any]]:
    inner: Any = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    return [[], *([name, *path] for name, child in inner for path in paths(child))]


@settings(anyhow, max_examples=400)
@given(draw=st.data())
def test_mutated_values(draw: st.DataObject, make: Any, examples: Any, topics: Topics) -> None:
    """A good event with one value anywhere in it replaced by another raises nothing but Malformed."""
    good: Record = make(draw.draw(st.sampled_from(sorted(examples))))
    event = json.loads(good.value or b"")
    mutant = replaced(event, draw.draw(st.sampled_from(paths(event))), draw.draw(json_values))

    decodes_or_is_malformed(good._replace(value=json.dumps(mutant).encode()), topics)
