"""From a line of a file to a record."""

import asyncio
from pathlib import Path
from typing import Final

import orjson
import pytest

from events.envelope import Record, decode
from events.topics import Topics
from portal.commands.publish import InvalidLine, Mode, parse, publish
from portal.settings import Settings
from projectors.kafka.topology import Cluster

TOPICS = Topics("t.", 4)
MODES: Final[tuple[Mode, ...]] = ("structured", "binary")
EVENT = {
    "specversion": "1.0",
    "id": "e1",
    "source": "/servicehub/dispatch",
    "type": "servicehub.visit.started.v1",
    "subject": "vis_1",
    "time": "2026-03-02T10:00:00Z",
    "businessid": "biz_1",
    "customerid": "cus_1",
    "partitionkey": "biz_1/cus_1",
    "sequence": "2",
    "sequencetype": "Integer",
    "data": {"arrived_at": "2026-03-02T10:00:00Z"},
}


def test_both_modes_read_as_the_same_event() -> None:
    """Whichever way an event is written."""
    lines = [parse(orjson.dumps(EVENT), mode, TOPICS) for mode in MODES]
    partition = TOPICS.partition(b"biz_1/cus_1")
    events = [
        decode(Record(line.topic, partition, 0, 0, line.key, line.value, line.headers), TOPICS)
        for line in lines
    ]
    assert events[0] == events[1]
    assert {line.topic for line in lines} == {"t.visits"}


def test_structured_lines_stay_as_they_are() -> None:
    """Also what no parser would write again."""
    text = b'{"type":"servicehub.visit.x.v9",  "partitionkey":"k", "data": [1e400, "\\ud800"]}'
    assert parse(text, "structured", TOPICS).value == text


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"{", "not JSON"),
        (b"[]", "not a JSON object"),
        (b"{}", "type is missing"),
        (b'{"type":"servicehub.visit.booked.v1"}', "partitionkey is missing"),
        (
            b'{"type":"servicehub.weather.changed.v1","partitionkey":"k"}',
            "the event type names no known entity",
        ),
        (
            b'{"type":"servicehub.visit.booked.v1","partitionkey":"\\ud800"}',
            "partitionkey is not valid Unicode",
        ),
        (b'{"data":' + b"[" * 100_000, "nested too deeply"),
    ],
)
def test_a_line_without_a_topic_or_a_key_is_not_published(line: bytes, why: str) -> None:
    """It is said why."""
    for mode in MODES:
        with pytest.raises(InvalidLine, match=why):
            parse(line, mode, TOPICS)


async def test_it_can_be_stopped_while_it_checks(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Also where no line is to be sent."""
    file = tmp_path / "log.jsonl"
    file.write_bytes(b"nonsense\n" * 1000)

    async def find(*_: object) -> Cluster:
        return Cluster("cluster", TOPICS)

    monkeypatch.setattr("portal.commands.publish.discover", find)
    settings = Settings.read({"PORTAL_KAFKA_BOOTSTRAP": "127.0.0.1:1"})
    publishing = asyncio.ensure_future(publish(settings, file, "structured", lambda _: None))
    await asyncio.sleep(0)
    publishing.cancel()
    with pytest.raises(asyncio.CancelledError):
        await publishing


def test_an_attribute_that_is_no_text_cannot_be_a_header() -> None:
    """In structured mode the reader is to judge it."""
    line = orjson.dumps(EVENT | {"sequence": 2})
    parse(line, "structured", TOPICS)
    with pytest.raises(InvalidLine, match="sequence is not a text"):
        parse(line, "binary", TOPICS)


def test_data_that_is_no_unicode_cannot_be_a_value_of_its_own() -> None:
    """In structured mode it stays in the line."""
    line = orjson.dumps(EVENT | {"data": {"reason": "X"}}).replace(b"X", b"\\ud800")
    parse(line, "structured", TOPICS)
    with pytest.raises(InvalidLine, match="valid Unicode"):
        parse(line, "binary", TOPICS)
