"""The version of the read models is raised when events that folded before give other documents."""

import hashlib
from pathlib import Path

import orjson

from events.envelope import Event, Record, decode
from events.topics import Topics
from read_models.project import VERSION
from tests.support.memory import MemoryStore

LOG = Path(__file__).parents[2] / "samples" / "two-businesses.jsonl"
DIGESTS = {1: "97f241f1113dbe3d837fe016e1959f5aa3bccf63cf0502444f6e6ba8a68d2cc1"}
"""Of the sample log's documents, by version."""


def log() -> list[Event]:
    """The sample log as events, in its order."""
    topics = Topics("servicehub.", 12)
    structured = [("content-type", b"application/cloudevents+json")]
    events = []
    for offset, line in enumerate(LOG.read_bytes().splitlines()):
        attributes = orjson.loads(line)
        key = attributes["partitionkey"].encode()
        topic = topics.of_type(attributes["type"])
        events.append(
            decode(Record(topic, topics.partition(key), offset, 0, key, line, structured), topics)
        )
    return events


def test_the_documents_of_a_fixed_log_change_only_with_the_version() -> None:
    store = MemoryStore()
    store.apply(log())
    documents = orjson.dumps(store.docs, option=orjson.OPT_SORT_KEYS)
    assert DIGESTS[VERSION] == hashlib.sha256(documents).hexdigest()
