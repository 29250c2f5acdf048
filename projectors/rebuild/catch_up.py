"""Keeps a filled generation up with the log until live workers have taken it over.

See docs/architecture.md, Decision 4.
"""

import asyncio
from collections.abc import Mapping
from typing import Final

import structlog
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.errors import KafkaError, OffsetOutOfRangeError

from projectors.installation import Installation
from projectors.kafka.client import REQUEST_TIMEOUT_S, KafkaUnavailable, Partition
from projectors.kafka.log_reader import RecordsMissing, standalone_consumer
from projectors.kafka.records import record_of
from projectors.kafka.topology import Cluster, group_members
from projectors.live import consumer_group
from projectors.processing.projector import LaneOwnershipLost, Projector
from read_models.store import NotCaughtUp, OperationRefused, ReadModelStore, StoreUnavailable, WriteConflict

logger = structlog.get_logger(__name__)

LOOK_S: Final = 0.5
NO_WORKER_CHECKS: Final = 4
"""So many looks one after the other no worker was there: then none is running."""
HANDOVER_TIMEOUT_S: Final = 60.0
"""How long live workers may take to take the lanes over; after that they go on from the checkpoints later."""


class CatchUp:
    """Applies what comes to the lanes of one generation, as the only one who writes it."""

    def __init__(
        self, installation: Installation, store: ReadModelStore, cluster: Cluster, generation: int
    ) -> None:
        """Connect to nothing yet."""
        self._installation = installation
        self._store = store
        self._cluster = cluster
        self._generation = generation
        self._applier = Projector(store, cluster.topics, installation.batch_events, only=generation)
        self._lanes = frozenset(range(cluster.topics.partitions))
        self._positions: dict[Partition, int] = {}
        self.handed_over = asyncio.Event()
        """Set when live workers keep the generation, or are free to."""

    async def run(self) -> None:
        """Follow until every lane is a live worker's, or no worker is running.

        Raises LaneOwnershipLost when somebody else follows, `OperationRefused` when the generation was dropped,
        KafkaUnavailable, RecordsMissing.
        """
        try:
            async with standalone_consumer(self._installation.kafka, wait_ms=50) as client:
                self._positions = await self._applier.take_over(self._lanes)
                self._assign(client)
                await self._follow(client)
        except OffsetOutOfRangeError:
            raise RecordsMissing(
                "the log does not reach back any more to where the generation ends"
            ) from None
        except (KafkaError, TimeoutError, OSError) as error:
            raise KafkaUnavailable("Kafka does not answer") from error
        finally:
            await self._applier.close()

    def _assign(self, client: AIOKafkaConsumer) -> None:
        mine = {
            TopicPartition(*place): offset
            for place, offset in self._positions.items()
            if place[1] in self._lanes
        }
        client.assign(list(mine))
        for place, offset in mine.items():
            client.seek(place, offset)

    async def _follow(self, client: AIOKafkaConsumer) -> None:
        loop = asyncio.get_running_loop()
        looked_at, offered_at, alone = 0.0, None, 0
        while self._lanes:
            await self._apply(client)
            if loop.time() - looked_at < LOOK_S:
                continue
            looked_at = loop.time()
            if offered_at is None:
                if await self._is_caught_up(client) and await self._offer():
                    offered_at = loop.time()
                    self.handed_over.set()
                continue
            await self._detect_taken_lanes(client)
            alone = 0 if await self._worker_there() else alone + 1
            if alone >= NO_WORKER_CHECKS or loop.time() - offered_at > HANDOVER_TIMEOUT_S:
                return

    async def _apply(self, client: AIOKafkaConsumer) -> None:
        batches = await client.getmany(timeout_ms=100)
        records = [record_of(one) for batch in batches.values() for one in batch]
        while records:
            try:
                await self._applier.apply([one for one in records if one.partition in self._lanes])
                break
            except LaneOwnershipLost as lost:
                self._lost(lost.lanes, client)
        for one in records:
            self._positions[one.topic, one.partition] = one.offset + 1

    async def _detect_taken_lanes(self, client: AIOKafkaConsumer) -> None:
        """Give up the lanes that a live worker has taken, also those in which nothing happens."""
        try:
            await self._applier.verify_ownership()
        except LaneOwnershipLost as lost:
            self._lost(lost.lanes, client)
        except StoreUnavailable as error:
            logger.warning("MongoDB does not answer", error=str(error))

    def _lost(self, lanes: frozenset[int], client: AIOKafkaConsumer) -> None:
        if not self.handed_over.is_set():
            raise LaneOwnershipLost(lanes)
        logger.info("lanes are live workers' now", lanes=sorted(lanes))
        self._lanes -= lanes
        self._assign(client)

    async def _is_caught_up(self, client: AIOKafkaConsumer) -> bool:
        places = [TopicPartition(*place) for place in self._positions]
        async with asyncio.timeout(REQUEST_TIMEOUT_S):
            ends: Mapping[TopicPartition, int] = await client.end_offsets(places)
        applied = self._applier.positions(self._lanes)
        behind = sum(max(0, end - applied[place.topic, place.partition]) for place, end in ends.items())
        return behind <= self._installation.batch_events

    async def _offer(self) -> bool:
        try:
            await self._store.lifecycle.mark_level(self._generation)
        except (NotCaughtUp, WriteConflict):
            return False
        except OperationRefused:
            record = await self._store.generations.record(self._generation)
            if record is None or record["state"] == "retired":
                raise
            return True  # it was offered already, and the answer was lost
        except StoreUnavailable as error:
            logger.warning("MongoDB does not answer", error=str(error))
            return False
        logger.info("live workers are to keep the generation", generation=self._generation)
        return True

    async def _worker_there(self) -> bool:
        installation = self._installation
        name = consumer_group.group_id(installation.topic_prefix, installation.database, self._store.version)
        try:
            return bool(await group_members(installation.kafka, name))
        except KafkaUnavailable as error:
            # Also a cluster that never had a group says so, while it makes the topic for their offsets.
            logger.warning("cannot tell whether a live worker is running", reason=str(error))
            return True
