"""The event log and the media folder of the demo."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from demo.event_log import Message
from demo.history import build
from demo.media_folder import MediaFolder
from events.envelope import Event, Record, decode, encode
from events.topics import Topics

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
TOPICS = Topics("servicehub.", 12)


class Read(NamedTuple):
    """An event as a reader finds it."""

    topic: str
    event: Event


def read(messages: Iterable[Message]) -> list[Read]:
    """Topic and event of each message, by way of the codec."""
    found = []
    for message in messages:
        key, value, headers = encode(*message)
        topic = TOPICS.of_type(message.attributes["type"])
        record = Record(topic, TOPICS.partition(key), 0, 0, key, value, headers)
        found.append(Read(topic, decode(record, TOPICS)))
    return found


@pytest.fixture(scope="session")
def library(tmp_path_factory: pytest.TempPathFactory) -> MediaFolder:
    folder = MediaFolder(tmp_path_factory.mktemp("media"))
    folder.add_images()
    return folder


@pytest.fixture(scope="session")
def messages(library: MediaFolder) -> list[Message]:
    return list(build(library, NOW).log.take(NOW))


@pytest.fixture(scope="session")
def log(messages: list[Message]) -> list[Read]:
    return read(messages)
