"""Events onto the topics: as fast as they go, or so many a second."""

import asyncio
import time
from collections.abc import Iterable, Sequence
from itertools import islice
from types import TracebackType
from typing import Self

from aiokafka import AIOKafkaProducer

from bench.sample_log import Json
from events.envelope import encode
from events.topics import Topics

TICK_S = 0.01
IN_FLIGHT = 5000


class BenchPublisher:
    """Publishes on the topics of one installation, as an async context manager."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        """Connect to nothing yet."""
        self._topics = topics
        self._producer = AIOKafkaProducer(bootstrap_servers=bootstrap, acks="all")

    async def __aenter__(self) -> Self:
        """Connect."""
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Wait until all is written."""
        await self._producer.stop()

    async def send(self, event: Json) -> None:
        """Hand one event over; it goes at once."""
        attributes = {name: value for name, value in event.items() if name != "data"}
        key, value, headers = encode(attributes, event["data"], "structured")
        topic = self._topics.of_type(event["type"])
        await self._producer.send(topic, value, key, self._topics.partition(key), headers=headers)

    async def send_all(self, events: Iterable[Json]) -> int:
        """Publish events as fast as they go; return how many, once they are written."""
        rest, count = iter(events), 0
        while some := list(islice(rest, IN_FLIGHT)):
            for event in some:
                await self.send(event)
            await self._producer.flush()
            count += len(some)
        return count

    async def send_evenly(self, events: Sequence[Json], a_second: int) -> None:
        """Publish events at a rate, a few every `TICK_S`."""
        begun, sent = time.perf_counter(), 0
        while sent < len(events):
            due = int((time.perf_counter() - begun) * a_second) + 1
            for event in events[sent:due]:
                await self.send(event)
            sent = due
            await asyncio.sleep(TICK_S)
