"""Publisher of the demo's events, which writes to Kafka as ServiceHub's services do."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from demo.event_log import Message
from events.envelope import encode
from events.topics import Topics

MAX_IN_FLIGHT = 2_000
"""Records sent before their acknowledgements are awaited."""


class DemoPublisher:
    """A Kafka producer of events, as a context manager."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self._topics = topics
        # Idempotence keeps a retried send from duplicating or reordering records.
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", linger_ms=5
        )

    async def __aenter__(self) -> Self:
        """Connect. Raises aiokafka's KafkaError."""
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Flush and disconnect."""
        await self._producer.stop()

    async def publish(self, messages: Iterable[Message]) -> int:
        """Publish events and return their number once all are acknowledged.

        Raises aiokafka's KafkaError.
        """
        count, in_flight = 0, list[asyncio.Future[Any]]()
        for message in messages:
            key, value, headers = encode(*message)
            topic = self._topics.of_type(message.attributes["type"])
            partition = self._topics.partition(key)
            in_flight.append(
                await self._producer.send(topic, value, key, partition=partition, headers=headers)
            )
            count += 1
            if len(in_flight) == MAX_IN_FLIGHT:
                await asyncio.gather(*in_flight)
                in_flight.clear()
        await asyncio.gather(*in_flight)
        return count
