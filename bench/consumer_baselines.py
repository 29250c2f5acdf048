"""Baselines of the rebuild: processes that read the log by hand.

`python -m bench.consumer_baselines best|by_hand LANES`, with the settings of an installation in the environment,
reads those lanes from their beginning to their end; it prints a line when it begins to read, and one when it is done,
with the records.
"""

import logging
import os
import sys
import time
from collections.abc import Iterable
from typing import Any

import orjson
import uvloop
from aiokafka import AIOKafkaConsumer, TopicPartition
from motor.motor_asyncio import AsyncIOMotorClient
from pymongo import UpdateOne

from events.topics import Topics

AT_ONCE = 1_000
Json = dict[str, Any]


async def best(consumer: AIOKafkaConsumer, places: list[TopicPartition], documents: Any) -> int:
    """Read, decodes, folds plain dicts in memory, and inserts them: what the machine can do at best."""
    folded: dict[str, Json] = {}
    count = 0
    async for records in _read(consumer, places):
        for record in records:
            _id, fields = _said(record.value)
            document = folded.get(_id)
            if document is None:
                document = folded[_id] = {"_id": _id}
            document.update(fields)
        count += len(records)
    every = list(folded.values())
    for begin in range(0, len(every), AT_ONCE):
        await documents.insert_many(every[begin : begin + AT_ONCE], ordered=False)
    return count


async def by_hand(consumer: AIOKafkaConsumer, places: list[TopicPartition], documents: Any) -> int:
    """Return one `bulk_write` for each batch, as one would write it first."""
    count = 0
    async for records in _read(consumer, places):
        for begin in range(0, len(records), AT_ONCE):
            said = [_said(record.value) for record in records[begin : begin + AT_ONCE]]
            await documents.bulk_write(
                [UpdateOne({"_id": _id}, {"$set": fields}, upsert=True) for _id, fields in said]
            )
        count += len(records)
    return count


async def _read(consumer: AIOKafkaConsumer, places: list[TopicPartition]) -> Any:
    ends = await consumer.end_offsets(places)
    while waiting := [place for place in places if await consumer.position(place) < ends[place]]:
        for records in (await consumer.getmany(*waiting, timeout_ms=500)).values():
            yield records


def _said(value: bytes) -> tuple[str, Json]:
    event = orjson.loads(value)
    _id = f"{event['partitionkey']}/{event['type'].split('.')[1]}/{event['subject']}"
    return _id, {"sequence": int(event["sequence"]), "updated_at": event["time"], **event["data"]}


async def measure(kind: str, lanes: Iterable[int]) -> None:
    """Read, and prints when it began and ended, by the clock of the machine."""
    topics = Topics(os.environ["PORTAL_TOPIC_PREFIX"], 1)
    places = [TopicPartition(name, lane) for lane in lanes for name in topics.names]
    client: Any = AsyncIOMotorClient(os.environ["PORTAL_MONGO_URL"])
    documents = client[os.environ["PORTAL_MONGO_DATABASE"]][kind]
    consumer = AIOKafkaConsumer(
        bootstrap_servers=os.environ["PORTAL_KAFKA_BOOTSTRAP"], auto_offset_reset="earliest"
    )
    await consumer.start()
    try:
        consumer.assign(places)
        begun = time.time()
        count = await {"best": best, "by_hand": by_hand}[kind](consumer, places, documents)
        print(orjson.dumps({"begun": begun, "ended": time.time(), "records": count}).decode(), flush=True)
    finally:
        await consumer.stop()


if __name__ == "__main__":
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    uvloop.run(measure(sys.argv[1], [int(lane) for lane in sys.argv[2].split(",")]))
