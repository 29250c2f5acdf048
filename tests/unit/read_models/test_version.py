"""The version of the read models is raised when events that folded before give other documents."""

import hashlib
from pathlib import Path

import orjson

from events.envelope import Event, Record, decode
from events.topics import Topics
from read_models.projection import VERSION
from tests.support.in_memory_store import InMemoryStore

LOG = Path(__file__).parents[2] / "samples" / "two-businesses.jsonl"
DIGESTS = {
    1: "98c9ac77bae8e8d0b3ac7e55f5b7248810bb58f4468deafd6f1b821eb3a7a40a",
    2: "02ae9009f20cb135b3c1da8e5dbd55eaac253a1242ea6e56e5b079fc62a48371",
    3: "02ae9009f20cb135b3c1da8e5dbd55eaac253a1242ea6e56e5b079fc62a48371",
}
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
        events.append(decode(Record(topic, topics.partition(key), offset, 0, key, line, structured), topics))
    return events


def test_the_documents_of_a_fixed_log_change_only_with_the_version() -> None:
    store = InMemoryStore()
    store.apply(log())
    documents = orjson.dumps(store.docs, option=orjson.OPT_SORT_KEYS)
    assert DIGESTS[VERSION] == hashlib.sha256(documents).hexdigest()
