"""The live worker: what the group delivers goes into the views, batch by batch.

See docs/architecture.md, Decision 1 and Decision 2.
"""

import asyncio
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import faust
from faust.exceptions import ConsumerNotStarted
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP, StreamT

from events.topics import Topics
from projectors.kafka.client import KafkaConfig
from projectors.live import consumer_group
from projectors.live.faust_transport import RecordBuffer
from projectors.live.lane_assignment import LaneAssignment

BATCHES: Final = 8
"""Applied at a time: each is folded while the one before is written."""


class NoLanesAssigned(Exception):
    """The group has more members than lanes: this worker is to wait outside (aiokafka never wakes an idle one)."""


class GroupMember:
    """One member of the group: it takes lanes over, gives them away, and hands what arrives to them."""

    def __init__(
        self,
        kafka: KafkaConfig,
        topics: Topics,
        name: str,
        instance: str,
        folder: Path,
        lanes: LaneAssignment,
        batch_events: int,
    ) -> None:
        """`name` is the group's; for `instance` and `folder` see `consumer_group.member`, for `batch_events`
        `Projector`."""
        self._topics = topics
        self._lanes = lanes
        self._max_records = BATCHES * batch_events
        self._inbox = RecordBuffer()
        self._app = app = consumer_group.create_app(
            kafka, name, instance, folder, self._inbox, lambda: self._lanes.positions
        )
        app.on_partitions_revoked.connect(self._revoked)
        app.on_rebalance_complete.connect(self._assigned)
        app.agent(app.topic(*topics.names, key_type=bytes, value_type=bytes), concurrency=1)(self._consume)

    async def run(self) -> None:
        """Work until cancelled, then leave the group; raises what made it crash."""
        worker = _Worker(self._app)
        try:
            await worker.start()
        except asyncio.CancelledError:
            self._leave_group()
            raise
        finally:
            await self._lanes.revoke()
            await worker.stop()
        if worker.crash_reason:
            raise worker.crash_reason

    async def _consume(self, stream: StreamT[bytes]) -> None:
        async for _ in stream:
            while records := self._inbox.take(self._max_records):
                await self._lanes.apply(records)

    async def _revoked(self, *_: Any, **__: Any) -> None:
        self._inbox.clear()
        await self._lanes.revoke()

    async def _assigned(self, *_: Any, **__: Any) -> None:
        """Take the lanes over, and have Faust, which seeks to its commits next, begin where the views end."""
        consumer = cast("Consumer", self._app.consumer)
        assigned = consumer.assignment()
        if not assigned:
            raise NoLanesAssigned("the group has no lane for this worker")
        if await self._lanes.acquire(consumer_group.lanes_of_assignment(assigned, self._topics)):
            positions = {TP(*place): offset for place, offset in self._lanes.positions.items()}
            await consumer._commit(positions)  # noqa: SLF001
            # aiokafka does not seek to a commit that is 0.
            if beginnings := {place: offset for place, offset in positions.items() if offset == 0}:
                await consumer.seek_wait(beginnings)

    def _leave_group(self) -> None:
        """Have the group give the lanes away at once: a static member does not leave, it would be waited for."""
        with suppress(ConsumerNotStarted):
            thread = cast("Consumer", self._app.consumer)._thread  # noqa: SLF001
            thread._ensure_consumer()._coordinator._group_instance_id = None  # noqa: SLF001


class _Worker(faust.Worker):
    """Faust's worker, which leaves the signals and the title of the process to others."""

    def __init__(self, app: faust.App) -> None:
        super().__init__(app, override_logging=False, redirect_stdouts=False, quiet=True)
        self.spinner = None

    def install_signal_handlers(self) -> None:
        pass

    def _setproctitle(self, *_: Any, **__: Any) -> None:
        pass
