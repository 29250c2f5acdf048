"""What tests of the applier share: the sample log as records, an installation for it, what is to come of it."""

import contextlib
from collections.abc import AsyncIterator, Iterable, Sequence
from datetime import UTC, datetime
from pathlib import Path

import orjson

from events.envelope import Record, decode
from events.topics import Topics
from read_models.documents import Doc
from read_models.projection import VERSION
from read_models.store import ReadModelStore
from tests.support.in_memory_store import InMemoryStore

LOG = Path(__file__).parents[2] / "samples" / "two-businesses.jsonl"
TOPICS = Topics("servicehub.", 4)
LANES = range(TOPICS.partitions)
STRUCTURED = [("content-type", b"application/cloudevents+json")]


def records(lines: Sequence[bytes]) -> list[Record]:
    """The records of a log, with offsets as Kafka gives them."""
    offsets: dict[tuple[str, int], int] = {}
    found = []
    for line in lines:
        attributes = orjson.loads(line)
        key = attributes["partitionkey"].encode()
        place = TOPICS.of_type(attributes["type"]), TOPICS.partition(key)
        offset = offsets[place] = offsets.get(place, -1) + 1
        found.append(Record(*place, offset, 0, key, line, STRUCTURED))
    return found


SAMPLE = records(LOG.read_bytes().splitlines())
ENDS = {
    (name, lane): 1 + max([r.offset for r in SAMPLE if (r.topic, r.partition) == (name, lane)], default=-1)
    for name in TOPICS.names
    for lane in LANES
}


@contextlib.asynccontextmanager
async def first_generation(url: str) -> AsyncIterator[ReadModelStore]:
    """A store with its first generation, gone afterwards."""
    store = await ReadModelStore.connect(url, f"applier_{datetime.now(UTC):%H%M%S%f}")
    try:
        await store.generations.create_first_if_missing(VERSION, TOPICS.partitions, "cluster")
        yield store
    finally:
        await store.drop()
        await store.close()


async def views(store: ReadModelStore, generation: int = 1) -> dict[str, Doc]:
    """All documents of a generation."""
    return {document["_id"]: document async for document in store.database[f"views_{generation}"].find()}


async def checkpoint(store: ReadModelStore, lane: int, generation: int = 1) -> Doc:
    """A lane's checkpoint."""
    found: Doc | None = await store.database["checkpoints"].find_one({"_id": f"{generation}/{lane}"})
    assert found
    return found


def expected_documents(log: Iterable[Record] = SAMPLE) -> dict[str, Doc]:
    """The documents of a whole log, folded in memory."""
    memory = InMemoryStore()
    memory.apply([decode(record, TOPICS) for record in log])
    return memory.docs


def documents_of(key: str, documents: dict[str, Doc]) -> dict[str, Doc]:
    """Those documents that are a customer's, by the customer's key."""
    return {_id: document for _id, document in documents.items() if f"{_id}/".startswith(f"{key}/")}
