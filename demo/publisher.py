"""Puts events onto their topics, as ServiceHub's services do."""

import asyncio
from collections.abc import Iterable
from types import TracebackType
from typing import Any, Self

from aiokafka import AIOKafkaProducer

from demo.event_log import Message
from events.envelope import encode
from events.topics import Topics

IN_FLIGHT = 2_000
"""Records sent between two waits for their acknowledgements."""


class DemoPublisher:
    """A connection to Kafka: `async with Publisher(bootstrap, topics) as publisher`."""

    def __init__(self, bootstrap: str, topics: Topics) -> None:
        self._topics = topics
        # Idempotent: a send that is repeated neither doubles a record nor changes the order.
        self._producer = AIOKafkaProducer(
            bootstrap_servers=bootstrap, enable_idempotence=True, acks="all", linger_ms=5
        )

    async def __aenter__(self) -> Self:
        """Connect; raise aiokafka's KafkaError."""
        await self._producer.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Send what is left and disconnects."""
        await self._producer.stop()

    async def publish(self, messages: Iterable[Message]) -> int:
        """Return when all are acknowledged; how many there were. Raises aiokafka's KafkaError."""
        count, sent = 0, list[asyncio.Future[Any]]()
        for message in messages:
            key, value, headers = encode(*message)
            topic = self._topics.of_type(message.attributes["type"])
            partition = self._topics.partition(key)
            sent.append(await self._producer.send(topic, value, key, partition=partition, headers=headers))
            count += 1
            if len(sent) == IN_FLIGHT:
                await asyncio.gather(*sent)
                sent.clear()
        await asyncio.gather(*sent)
        return count
