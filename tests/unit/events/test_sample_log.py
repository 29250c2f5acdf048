"""The published sample log is one this reader understands."""

from pathlib import Path
from typing import Literal

import orjson
import pytest

from events.envelope import Record, decode, encode
from events.topics import Topics

LOG = Path(__file__).parents[2] / "samples" / "two-businesses.jsonl"


@pytest.mark.parametrize("mode", ["structured", "binary"])
def test_every_line_decodes(mode: Literal["structured", "binary"], topics: Topics) -> None:
    """All of the log is well-formed, also as encode writes it in either mode, and says what its lines say."""
    lines = LOG.read_bytes().splitlines()
    for line in lines:
        attributes = orjson.loads(line)
        data = attributes.pop("data")
        key, value, headers = encode(attributes, data, mode)
        topic, partition = topics.of_type(attributes["type"]), topics.partition(key)

        event = decode(Record(topic, partition, 0, 0, key, value, headers), topics)

        assert (event.id, event.source, event.type, event.subject, event.time, str(event.sequence)) == tuple(
            attributes[name] for name in ("id", "source", "type", "subject", "time", "sequence")
        )
        assert (event.business, event.customer) == (attributes["businessid"], attributes.get("customerid"))
        assert event.data is not None
    assert len(lines) == 939
