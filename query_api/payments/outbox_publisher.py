"""Outbox publisher of payment facts: every process runs one, and together they publish each fact in order.

Between the write that keeps a fact and the log there is no other step: while Kafka is away facts wait, however long. A
fact is marked after Kafka has acknowledged it. A sender that dies between the two leaves one that is published again:
under the same id and sequence, which consumers drop (docs/contracts/events.md, Redelivery).
"""

import asyncio
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager, suppress
from datetime import timedelta
from typing import Any, Final

import structlog
from aiokafka import AIOKafkaProducer
from aiokafka.errors import KafkaError, KafkaTimeoutError

from events.envelope import encode
from query_api.polling_worker import PollingWorker
from read_models.clock import Clock
from read_models.documents import owner_id
from read_models.store.operational import Checkout, CheckoutRepository
from read_models.store.operational.checkouts import LEASE

log = structlog.get_logger(__name__)

SOURCE: Final = "/servicehub/portal"
LOOK_EVERY_SECONDS: Final = 0.5
"""How often it looks for what other processes left behind; it is woken for its own."""
AT_ONCE: Final = 8
LONGEST_PAUSE_SECONDS: Final = 10
STOP_WITHIN_SECONDS: Final = 5.0


class OutboxPublisher(PollingWorker):
    """Publishes what is kept. The producer is made when there is something to publish."""

    def __init__(
        self, checkouts: CheckoutRepository, kafka: Mapping[str, Any], topic: str, clock: Clock
    ) -> None:
        """`kafka` are the arguments that every client of the cluster takes, `topic` is the full name."""
        super().__init__("payments", AT_ONCE, LOOK_EVERY_SECONDS)
        self._checkouts = checkouts
        self._kafka = kafka
        self._topic = topic
        self._clock = clock
        self._starting = asyncio.Lock()
        self._producer: AIOKafkaProducer | None = None

    async def process_next(self, only: str | None = None) -> bool:
        """Publish the facts of the payment that has waited longest, or of `only`; False when none is due."""
        claimed = await self._checkouts.claim_unsent(self._clock(), only)
        if claimed is None:
            return False
        try:
            await self._publish(claimed)
        except (KafkaError, OSError, TimeoutError) as error:
            pause = min(2 ** min(claimed.attempts, 10) / 4, LONGEST_PAUSE_SECONDS)
            log.warning("payments.put_off", payment=claimed.id, reason=type(error).__name__)
            await self._checkouts.reschedule(claimed, self._clock() + timedelta(seconds=pause))
            if not is_retriable(error):
                await self._reset_producer()
        return True

    async def flush(self, within_s: float) -> int:
        """Publish all that waits; what is left after `within_s`, or is in another sender's hands, is counted."""
        with suppress(TimeoutError):
            async with asyncio.timeout(within_s):
                while left := await self._checkouts.unsent():
                    if not await self.process_next():
                        await asyncio.sleep(LOOK_EVERY_SECONDS)
                return left
        return await self._checkouts.unsent()

    async def close(self) -> None:
        """End the connections."""
        producer, self._producer = self._producer, None
        if producer is not None:
            # What Kafka does not take now stays unmarked, and is published by whoever comes next.
            with suppress(TimeoutError, KafkaError):
                async with asyncio.timeout(STOP_WITHIN_SECONDS):
                    await producer.stop()

    async def _publish(self, claimed: Checkout) -> None:
        known: Checkout | None = claimed
        while known is not None and known.published < len(known.facts):
            number = known.published + 1
            key, value, headers = to_event(known, number)
            producer = await self._started()
            sending = await producer.send(self._topic, value, key, headers=headers)
            while not (await asyncio.wait([sending], timeout=LEASE.total_seconds() / 3))[0]:
                if not await self._checkouts.extend_lease(claimed, self._clock()):
                    return
            place = sending.result()
            known = await self._checkouts.mark_published(claimed, number, place.partition, place.offset)
            log.info("payments.published", payment=claimed.id, sequence=number)

    async def _started(self) -> AIOKafkaProducer:
        async with self._starting:
            if self._producer is None:
                producer = AIOKafkaProducer(
                    **self._kafka, enable_idempotence=True, acks="all", request_timeout_ms=10_000
                )
                try:
                    await producer.start()
                except BaseException:
                    await producer.stop()
                    raise
                self._producer = producer
            return self._producer

    async def _reset_producer(self) -> None:
        """Have the next one publish through a new producer: some errors end one for good."""
        async with self._starting:
            await self.close()


def is_retriable(error: Exception) -> bool:
    """Return whether a producer goes on by itself once Kafka is back; what it still holds it sends then."""
    return not isinstance(error, KafkaError) or error.retriable or isinstance(error, KafkaTimeoutError)


def to_event(checkout: Checkout, number: int) -> tuple[bytes, bytes | None, list[tuple[str, bytes]]]:
    """Key, value and headers of the event that a payment's `number`th fact is (docs/contracts/events.md)."""
    fact = checkout.facts[number - 1]
    attributes = {
        "specversion": "1.0",
        "id": f"{checkout.id}-{number}",
        "source": SOURCE,
        "type": f"servicehub.payment.{fact.kind}.v1",
        "subject": checkout.id,
        "time": fact.time,
        "datacontenttype": "application/json",
        "businessid": checkout.business,
        "customerid": checkout.customer,
        "partitionkey": owner_id(checkout.business, checkout.customer),
        "sequence": str(number),
        "sequencetype": "Integer",
    }
    return encode(attributes, fact.data, "structured")


@asynccontextmanager
async def publishing(sender: OutboxPublisher) -> AsyncIterator[None]:
    """Run a sender, and end it at once: what is under way stays unmarked, and is published by whoever comes next."""
    running = asyncio.create_task(sender.run())
    try:
        yield
    finally:
        running.cancel()
        await asyncio.wait([running])
        await sender.close()
