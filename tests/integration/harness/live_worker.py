"""What the tests of the live worker share: logs, what must come of them, and what did."""

import asyncio
import json
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from aiokafka import AIOKafkaProducer
from pymongo import AsyncMongoClient

from events.envelope import Record, decode
from events.topics import Topics
from portal.commands.publish import Mode, parse
from portal.settings import Settings
from projectors.lag import Lag, measure
from read_models.documents import Doc
from tests.harness.portal_installation import WITHIN_S, Installation, Installations, Process, until
from tests.support.in_memory_store import InMemoryStore

SAMPLE = Path(__file__).parents[2] / "samples" / "two-businesses.jsonl"

Lines = Sequence[bytes]


def sample(copies: int = 1, first: int = 0) -> list[bytes]:
    """The sample log as many times as asked for, each time of other businesses, one event of each after the other."""
    events = [json.loads(line) for line in SAMPLE.read_bytes().splitlines()]
    return [_of_another(event, f"-{number}") for event in events for number in range(first, first + copies)]


def _of_another(event: dict[str, Any], suffix: str) -> bytes:
    business = event["businessid"] + suffix
    key = event["partitionkey"].replace(event["businessid"], business, 1)
    subject = business if event["subject"] == event["businessid"] else event["subject"]
    copy = event | {"businessid": business, "partitionkey": key, "subject": subject}
    return json.dumps(copy).encode()


def expected(lines: Lines) -> dict[str, Doc]:
    """The documents that these events make, whatever happens on the way."""
    topics = Topics("", 1)
    records = (
        Record(line.topic, 0, 0, 0, line.key, line.value, line.headers)
        for line in (parse(text, "structured", topics) for text in lines)
    )
    memory = InMemoryStore()
    memory.apply(decode(record, topics) for record in records)
    return memory.docs


def topics_of(one: Installation) -> Topics:
    """Its topics, as `topics create` makes them."""
    return Topics(one.env["PORTAL_TOPIC_PREFIX"], int(one.env["PORTAL_PARTITIONS"]))


async def four_lanes(installation: Installations, **settings: str) -> Installation:
    """An installation with topics of four partitions."""
    one = await installation(PORTAL_PARTITIONS="4", **settings)
    await one.create_topics()
    return one


async def publish(one: Installation, lines: Lines, mode: Mode = "structured") -> None:
    """Publishes them as `portal publish` does."""
    file = one.folder / "log.jsonl"
    file.write_bytes(b"\n".join(lines) + b"\n")
    assert await one.publish(file, mode) == len(lines)


async def send(one: Installation, lines: Lines) -> None:
    """Puts them on the topics at once."""
    topics = topics_of(one)
    async with AIOKafkaProducer(bootstrap_servers=one.env["PORTAL_KAFKA_BOOTSTRAP"], acks="all") as producer:
        for line in (parse(text, "structured", topics) for text in lines):
            place = topics.partition(line.key)
            await producer.send(line.topic, line.value, line.key, partition=place, headers=line.headers)


async def lag(one: Installation, **settings: str) -> Lag:
    """Its lag, with settings of our own."""
    return await measure(Settings.read(one.env | settings).installation, lambda: datetime.now(UTC))


async def level(one: Installation, records: int, within_s: float = WITHIN_S) -> None:
    """Returns when all of so many records are in the views."""

    async def there() -> bool:
        await asyncio.sleep(0.2)
        found = await lag(one)
        ends = sum(partition.end_offset or 0 for partition in found.partitions)
        return found.generation is not None and ends >= records and found.records == 0

    await until(there, f"{records} records in the views", within_s)


async def stored(one: Installation) -> dict[str, Doc]:
    """The documents of what is served."""
    async with AsyncMongoClient[Doc](one.env["PORTAL_MONGO_URL"], tz_aware=True) as client:
        found = client[one.env["PORTAL_MONGO_DATABASE"]]["views_1"].find()
        return {document["_id"]: document async for document in found}


async def checkpoints(one: Installation) -> list[Doc]:
    """The checkpoints of what is served."""
    async with AsyncMongoClient[Doc](one.env["PORTAL_MONGO_URL"], tz_aware=True) as client:
        return await client[one.env["PORTAL_MONGO_DATABASE"]]["checkpoints"].find().to_list(None)


def lanes_held(process: Process) -> set[int]:
    """The lanes of the worker of a `portal project`, by what it logs."""
    held: set[int] = set()
    for line in process.output().splitlines():
        said = json.loads(line)
        if said["event"] == "lanes taken over":
            held = set(said["lanes"])
        elif said["event"] in ("lanes given away", "worker started"):
            held = set()
    return held


def worker_of(process: Process) -> int:
    """The process id of the worker that a `portal project` started last."""
    started = [json.loads(line) for line in process.output().splitlines() if '"worker started"' in line]
    return int(started[-1]["pid"])
