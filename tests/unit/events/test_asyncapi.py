"""The AsyncAPI document says what the code does."""

import json
from collections.abc import Iterator
from typing import Any

import jsonschema
import pytest

from events import asyncapi
from events.registry import MODELS


@pytest.fixture(scope="module")
def document() -> dict[str, Any]:
    return asyncapi.document()


def references(node: Any) -> Iterator[str]:
    if isinstance(node, dict):
        if isinstance(node.get("$ref"), str):
            yield node["$ref"]
        node = list(node.values())
    if isinstance(node, list):
        for child in node:
            yield from references(child)


def test_the_file_is_the_document() -> None:
    """docs/asyncapi.json is up to date; `python -m events.asyncapi` makes it so."""
    assert asyncapi.DOCUMENT.read_bytes() == asyncapi.render()


def test_it_has_what_asyncapi_3_requires(document: dict[str, Any]) -> None:
    """Version, info, and operations whose channels hold the messages: every reference leads somewhere."""
    assert document["asyncapi"] == "3.0.0"
    assert {"title", "version"} <= document["info"].keys()
    for operation in document["operations"].values():
        assert operation["action"] in {"receive", "send"}
        assert operation["channel"].keys() == {"$ref"}
    for reference in references(document):
        node: Any = document
        for part in reference.removeprefix("#/").split("/"):
            node = node[part]
        assert node


def test_every_topic_and_type_is_in_it(document: dict[str, Any]) -> None:
    """Eight channels hold every message once; all are read, and one is published to."""
    listed = [name for channel in document["channels"].values() for name in channel["messages"]]
    sent = [operation for operation in document["operations"].values() if operation["action"] == "send"]

    assert len(document["channels"]) == 8
    assert sorted(listed) == sorted(MODELS) == sorted(document["components"]["messages"])
    assert [operation["channel"]["$ref"] for operation in sent] == ["#/channels/payments"]


@pytest.mark.parametrize("name", sorted(MODELS))
def test_events_satisfy_their_schemas(name: str, document: dict[str, Any], examples: Any, make: Any) -> None:
    """Every example is valid by the schema of its message, and without its data's required fields it is not."""
    message = document["components"]["messages"][name]["payload"]
    schema = {**message, "components": document["components"]}
    validator = jsonschema.Draft202012Validator(schema)
    jsonschema.Draft202012Validator.check_schema(schema)

    assert examples[name]
    for example in examples[name].values():
        event = json.loads(make(name, data=example).value)
        validator.validate(event)
        for field in example or {}:
            event["data"] = {key: value for key, value in example.items() if key != field}
            assert validator.is_valid(event) == (field not in (examples[name]["least"] or {}))
