"""Baselines of the live worker: an empty Faust agent, and one written by hand.

`python -m bench.faust_baselines empty|handwritten`, with the settings of an installation and BENCH_EVENTS in the
environment, reads so many events from the beginning of the topics and prints how many a second it did, as JSON.
"""

import asyncio
import logging
import os
import sys
import tempfile
import time
from collections.abc import Awaitable, Callable
from typing import Any

import faust
import orjson
import uvloop
from motor.motor_asyncio import AsyncIOMotorClient

from events.topics import Topics

Handler = Callable[[Any], Awaitable[None]]
WARM_UP = 100
"""Events that are not counted: connections are made while they are handled."""


async def nothing(_event: Any) -> None:
    """Read events with an agent that does nothing else."""


def by_hand(url: str, database: str) -> Handler:
    """Return one `find_one` and one `replace_one` per event, as one would write it first."""
    documents = AsyncIOMotorClient[dict[str, Any]](url)[database]["by_hand"]

    async def handle(event: Any) -> None:
        said = orjson.loads(event.value)
        _id = f"{said['partitionkey']}/{said['type'].split('.')[1]}/{said['subject']}"
        document = await documents.find_one({"_id": _id}) or {"_id": _id, "sequence": 0}
        if int(said["sequence"]) > document["sequence"]:
            document |= {"sequence": int(said["sequence"]), "updated_at": said["time"], **said["data"]}
            await documents.replace_one({"_id": _id}, document, upsert=True)

    return handle


async def measure(kind: str, count: int, folder: str) -> float:
    """Events a second."""
    topics = Topics(os.environ["PORTAL_TOPIC_PREFIX"], 1)
    handle = (
        nothing
        if kind == "empty"
        else by_hand(os.environ["PORTAL_MONGO_URL"], os.environ["PORTAL_MONGO_DATABASE"])
    )
    app = faust.App(
        f"{topics.prefix}bench-{kind}-{os.environ['PORTAL_MONGO_DATABASE']}",
        broker=[f"kafka://{server}" for server in os.environ["PORTAL_KAFKA_BOOTSTRAP"].split(",")],
        consumer_auto_offset_reset="earliest",
        key_serializer="raw",
        value_serializer="raw",
        topic_disable_leader=True,
        topic_allow_declare=False,
        web_enabled=False,
        store="memory://",
        datadir=folder,
    )
    done: asyncio.Future[float] = asyncio.get_running_loop().create_future()

    async def agent(stream: Any) -> None:
        seen, begun = 0, 0.0
        async for event in stream.noack().events():
            await handle(event)
            event.ack()
            seen += 1
            if seen == WARM_UP:
                begun = time.perf_counter()
            elif seen == count:
                done.set_result((count - WARM_UP) / (time.perf_counter() - begun))

    app.agent(app.topic(*topics.names, key_type=bytes, value_type=bytes), concurrency=1)(agent)
    await app.start()
    return await done


def main() -> None:
    """Print the result and end there and then: Faust's threads would go on, and how it leaves is not measured."""
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    with tempfile.TemporaryDirectory() as folder:
        rate = asyncio.Runner(loop_factory=uvloop.new_event_loop).run(
            measure(sys.argv[1], int(os.environ["BENCH_EVENTS"]), folder)
        )
    print(orjson.dumps({"events_per_second": rate}).decode(), flush=True)
    os._exit(0)


if __name__ == "__main__":
    main()
