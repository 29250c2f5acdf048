"""The live worker: what the group delivers goes into the views, batch by batch (DESIGN.md, decisions 1 and 2)."""

import asyncio
from collections.abc import Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import faust
from faust.exceptions import ConsumerNotStarted
from faust.streams import Stream
from faust.topics import Topic
from faust.transport.drivers.aiokafka import Consumer
from faust.types import TP, EventT, StreamT

from events.envelope import Record
from events.topics import Topics
from projectors import group
from projectors.batch import weight
from projectors.kafka import Kafka
from projectors.lanes import Lanes

MAX_EVENTS: Final = 4000
MAX_BYTES: Final = 32 * 1024 * 1024
"""Of what is applied at a time; several transactions, so that one is folded while the one before is written."""


class NoLanes(Exception):
    """The group has more members than lanes: this worker is to wait outside (aiokafka never wakes an idle one)."""


class Member:
    """One member of the group: it takes lanes over, gives them away, and hands what arrives to them."""

    def __init__(
        self, kafka: Kafka, topics: Topics, name: str, instance: str, folder: Path, lanes: Lanes
    ) -> None:
        """`name` is the group's; for `instance` and `folder` see `group.member`."""
        self._topics = topics
        self._lanes = lanes
        self._app = app = group.member(kafka, name, instance, folder)
        app.on_partitions_revoked.connect(self._revoked)
        app.on_rebalance_complete.connect(self._assigned)
        app.agent(app.topic(*topics.names, key_type=bytes, value_type=bytes), concurrency=1)(self._project)

    async def run(self) -> None:
        """Work until cancelled, then leave the group; raises what made it crash."""
        worker = _Worker(self._app)
        try:
            await worker.start()
        except asyncio.CancelledError:
            self._leave_for_good()
            raise
        finally:
            await self._lanes.give_away()
            await worker.stop()
        if worker.crash_reason:
            raise worker.crash_reason

    async def _project(self, stream: StreamT[bytes]) -> None:
        queue = cast("Topic", stream.channel).queue
        async for event in cast("Stream[bytes]", stream).noack().events():
            batch = list(_arrived(event, queue))
            await self._lanes.write([record for _, record in batch])
            applied = self._lanes.positions
            for one, _ in batch:
                if one.message.offset < applied.get(one.message.tp, 0):
                    one.ack()

    async def _revoked(self, *_: Any, **__: Any) -> None:
        await self._lanes.give_away()

    async def _assigned(self, *_: Any, **__: Any) -> None:
        """Take the lanes over, and have Faust, which seeks to its commits next, begin where the views end."""
        consumer = cast("Consumer", self._app.consumer)
        assigned = consumer.assignment()
        if not assigned:
            raise NoLanes("the group has no lane for this worker")
        if await self._lanes.take(group.whole_lanes(assigned, self._topics)):
            positions = {TP(*place): offset for place, offset in self._lanes.positions.items()}
            await consumer._commit(positions)  # noqa: SLF001
            # aiokafka does not seek to a commit that is 0.
            if beginnings := {place: offset for place, offset in positions.items() if offset == 0}:
                await consumer.seek_wait(beginnings)

    def _leave_for_good(self) -> None:
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


def _arrived(event: EventT[bytes], queue: Any) -> Iterator[tuple[EventT[bytes], Record]]:
    """All that has arrived, up to the bounds of a batch: what waits in the stream's queue goes with the first.

    Taken there, it passes by what Faust does for each event of a stream.
    """
    record = _record(event)
    yield event, record
    count, size = 1, weight(record)
    while count < MAX_EVENTS and size < MAX_BYTES and not queue.empty():
        event = queue.get_nowait()
        record = _record(event)
        yield event, record
        count, size = count + 1, size + weight(record)


def _record(event: EventT[bytes]) -> Record:
    message = event.message
    return Record(
        message.topic,
        message.partition,
        message.offset,
        round(message.timestamp * 1000),
        message.key,
        message.value,
        cast("Sequence[tuple[str, bytes | None]]", message.headers),
    )
