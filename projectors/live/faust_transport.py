"""Faust's consumer, which hands over what it fetched as it is, and commits what the views hold.

Faust makes a message and an event of every record, waits for the delivery of each, and has each acknowledged. That
costs more than all that is done with the record. Here the records of a fetch go into the inbox together; groups,
assignments, fetches, the flow that stops for a rebalance and the rhythm of commits stay Faust's.
"""

import asyncio
from collections.abc import AsyncIterator, Callable, Iterator, Mapping, Sequence
from typing import Any, Final

from faust.transport.drivers import aiokafka
from faust.types import TP

from events.envelope import Record
from projectors.kafka.records import oldest_first, record_of

MAX_BUFFERED: Final = 8192
"""With so many records in the inbox nothing more is fetched."""

Positions = Callable[[], Mapping[tuple[str, int], int]]
"""Gives the offset of the next record that the views want, by partition, of the partitions that are held."""


class RecordBuffer:
    """Bounded buffer of arrived records, in the order in which they are to be applied."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self.has_capacity = asyncio.Event()
        """Whether more may be fetched."""
        self.has_capacity.set()

    def add(self, records: Sequence[Record]) -> None:
        """Put in what was fetched."""
        self._records += records
        self._update_capacity()

    def take(self, most: int) -> list[Record]:
        """Take the first ones out."""
        taken, self._records = self._records[:most], self._records[most:]
        self._update_capacity()
        return taken

    def clear(self) -> None:
        """Forget all: the lanes are given away."""
        self._records = []
        self._update_capacity()

    def _update_capacity(self) -> None:
        if len(self._records) < MAX_BUFFERED:
            self.has_capacity.set()
        else:
            self.has_capacity.clear()


class BufferingConsumer(aiokafka.Consumer):
    """Delivers to the inbox of its transport, and commits the positions."""

    mundane_level = "debug"
    transport: "BufferingTransport"

    async def getmany(self, timeout: float) -> AsyncIterator[Any]:  # noqa: ASYNC109 - as the method it replaces
        """Fetch what there is and deliver it; nothing is left to yield, so that Faust's loop delivers nothing.

        The agent's queue gets the inbox itself, as the sign that there is something in it.
        """
        inbox = self.transport.inbox
        if not inbox.has_capacity.is_set():
            await self.wait_first(inbox.has_capacity.wait(), self.suspend_flow.wait())
        fetched, _ = await self._wait_next_records(timeout)
        generation = self.app.consumer_generation_id
        if not self.flow_active:
            await self._seek_to_committed()
        if not fetched or self.should_stop or not self.flow_active:
            return
        await self.app.flow_control.acquire()
        if generation != self.app.consumer_generation_id:
            return  # fetched for an assignment that is over; the next one begins where the views end
        inbox.add(oldest_first([record_of(one) for one in records] for records in fetched.values()))
        for channel in self.app.topics:
            if channel.queue.empty():
                channel.queue.force_put_nowait(inbox)
        return
        yield

    async def _seek_to_committed(self) -> None:
        """Seek to what is committed, as Faust does with what it fetched while the flow was stopped."""
        try:
            await self.perform_seek()
        except Exception as error:  # noqa: BLE001 -- as Faust: the rebalance under way seeks as well
            self.log.warning("cannot seek while the flow is stopped: %s", type(error).__name__)

    def _filter_tps_with_pending_acks(self, topics: Any = None) -> Iterator[TP]:
        """See Faust's: what may be committed, which is what the views hold."""
        return (TP(*place) for place in self.transport.positions() if topics is None or place[0] in topics)

    def _new_offset(self, tp: TP) -> int | None:
        """See Faust's."""
        return self.transport.positions().get((tp.topic, tp.partition)) or None


class BufferingTransport(aiokafka.Transport):
    """Faust's transport, with that consumer."""

    Consumer = BufferingConsumer

    def __init__(self, *args: Any, inbox: RecordBuffer, positions: Positions) -> None:
        """`args` are Faust's."""
        super().__init__(*args)
        self.inbox = inbox
        self.positions = positions
