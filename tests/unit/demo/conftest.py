"""Event log and media folder of the demo."""

from collections.abc import Iterable
from datetime import UTC, datetime
from typing import NamedTuple

import pytest

from demo.event_log import Message
from demo.history import build_history
from demo.media_folder import MediaFolder
from events.envelope import Event, Record, decode, encode
from events.topics import Topics

NOW = datetime(2026, 11, 24, 3, tzinfo=UTC)
TOPICS = Topics("servicehub.", 12)


class DecodedEvent(NamedTuple):
    """An event with its topic, as a consumer decodes it."""

    topic: str
    event: Event


def decode_messages(messages: Iterable[Message]) -> list[DecodedEvent]:
    """Encode messages as records and decode them again."""
    decoded_events = []
    for message in messages:
        key, value, headers = encode(*message)
        topic = TOPICS.of_type(message.attributes["type"])
        record = Record(topic, TOPICS.partition(key), 0, 0, key, value, headers)
        decoded_events.append(DecodedEvent(topic, decode(record, TOPICS)))
    return decoded_events


@pytest.fixture(scope="session")
def media(tmp_path_factory: pytest.TempPathFactory) -> MediaFolder:
    folder = MediaFolder(tmp_path_factory.mktemp("media"))
    folder.add_images()
    return folder


@pytest.fixture(scope="session")
def messages(media: MediaFolder) -> list[Message]:
    return list(build_history(media, NOW).log.take_until(NOW))


@pytest.fixture(scope="session")
def log(messages: list[Message]) -> list[DecodedEvent]:
    return decode_messages(messages)
