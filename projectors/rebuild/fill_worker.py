"""One process that fills lanes of a generation, one after the other, until none is left.

Others may do so beside it, on this machine and on others.
"""

import asyncio
import time
from collections import Counter
from collections.abc import Sequence
from typing import Final

import structlog

from events.envelope import Record
from events.topics import Topics
from projectors.concurrency import run_until_first_exits
from projectors.installation import Installation
from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.records import oldest_first
from projectors.kafka.topology import discover
from projectors.rebuild.owner_fold import OwnerFold, fold_owner
from projectors.rebuild.slice_reader import SliceReader, SliceRecords, lane_reader
from read_models.store import (
    ClaimLost,
    DocumentRejected,
    InsertBatch,
    KeySlice,
    LaneClaim,
    LaneFiller,
    LogPosition,
    ReadModelStore,
    StoreUnavailable,
    retry_until_available,
)

logger = structlog.get_logger(__name__)

AGAIN_S: Final = 1.0
REFRESH_S: Final = 2.0
PORTION_DOCUMENTS: Final = 1000
PORTION_BYTES: Final = 4 * 1024 * 1024
"""What one transaction inserts, at least by one owner."""

Made = tuple[OwnerFold, Sequence[Record]]
"""An owner's documents, and the records they were made of."""


async def fill(installation: Installation, generation: int, most_a_second: float | None) -> None:
    """Fill lanes until none is left; at most so many records a second. Waits while a server is away.

    Raises RecordsMissing where the log has lost what is to be read, InvalidTopics.
    """
    store = ReadModelStore(installation.mongo_url, installation.database)
    filling = store.filling(generation)
    try:
        await retry_until_available(filling.open)
        while True:
            try:
                cluster = await discover(installation.kafka, installation.topic_prefix)
                async with lane_reader(installation.kafka, cluster.topics) as reader:
                    await _FillWorker(filling, reader, cluster.topics, _RateLimiter(most_a_second)).run()
                return
            except KafkaUnavailable as error:
                logger.warning("waiting", reason=str(error))
                await asyncio.sleep(AGAIN_S)
    finally:
        await filling.close()
        await store.close()


class _FillWorker:
    """Fills with one session and one connection to Kafka."""

    def __init__(
        self, filling: LaneFiller, reader: SliceReader, topics: Topics, pace: "_RateLimiter"
    ) -> None:
        self._filling = filling
        self._reader = reader
        self._topics = topics
        self._pace = pace

    async def run(self) -> None:
        while True:
            claim = await retry_until_available(self._filling.claim)
            if claim is not None:
                logger.info("filling a lane", lane=claim.lane, slices=len(claim.slices))
                try:
                    await run_until_first_exits(self._fill(claim), self._refresh(claim))
                except ClaimLost:
                    logger.warning("a lane is filled by somebody else", lane=claim.lane)
            elif (await retry_until_available(self._filling.progress)).lanes_left:
                await asyncio.sleep(AGAIN_S)  # others fill the last ones, and may die over it
            else:
                return

    async def _refresh(self, claim: LaneClaim) -> None:
        while True:
            await asyncio.sleep(REFRESH_S)
            try:
                await self._filling.refresh(claim)
            except StoreUnavailable as error:
                logger.warning("MongoDB does not answer", error=str(error))

    async def _fill(self, claim: LaneClaim) -> None:
        slices = claim.slices
        discarded = await retry_until_available(lambda: self._filling.discarded(claim.lane))
        while slices:
            slices = await self._fill_next(claim, slices, discarded)

    async def _fill_next(
        self, claim: LaneClaim, slices: Sequence[KeySlice], discarded: frozenset[LogPosition]
    ) -> Sequence[KeySlice]:
        """Fill the first of the slices that are left, or as much of it as memory allows; what is left then."""
        owners = await self._reader.read(claim.lane, claim.begins, claim.target, slices[0])
        rest = [*owners.rest, *slices[1:]]
        if owners.rest:
            await retry_until_available(lambda: self._filling.split(claim, [owners.slice, *rest]))
        read, counts = await self._insert(claim, owners, discarded)
        await retry_until_available(lambda: self._filling.finish(claim, rest, read, counts))
        return rest

    async def _insert(
        self, claim: LaneClaim, owners: SliceRecords, discarded: frozenset[LogPosition]
    ) -> tuple[int, Counter[str]]:
        """Folds owner by owner while the portion before is being written; how many records, and what they count."""
        writing: asyncio.Task[None] | None = None
        read, counts = 0, Counter[str]()
        portion: list[Made] = []
        documents = size = 0
        try:
            while owners.records:
                key, by_topic = owners.records.popitem()
                records = oldest_first(by_topic)
                owned = fold_owner(key, records, self._topics, discarded)
                portion.append((owned, records))
                read += owned.records
                counts += owned.counts
                documents += len(owned.documents)
                size += sum(map(len, owned.documents))
                await self._pace.take(owned.records)
                if documents >= PORTION_DOCUMENTS or size >= PORTION_BYTES or not owners.records:
                    if writing is not None:
                        await writing
                    writing = asyncio.create_task(self._write(claim, portion, read, discarded))
                    portion, documents, size = [], 0, 0
                await asyncio.sleep(0)
            if writing is not None:
                await writing
        finally:
            if writing is not None:
                writing.cancel()
                await asyncio.gather(writing, return_exceptions=True)
        return read, counts

    async def _write(
        self, claim: LaneClaim, made: Sequence[Made], read: int, discarded: frozenset[LogPosition]
    ) -> None:
        """Write owners in one transaction; those that cannot be stored are found one by one, and are held."""
        portion = _portion([owned for owned, _ in made], read, claim.begun)
        try:
            await retry_until_available(lambda: self._filling.insert(claim, portion))
        except DocumentRejected as error:
            if len(made) > 1:
                for one in made:
                    await self._write(claim, [one], read, discarded)
                return
            [(owned, records)] = made
            logger.warning("documents that cannot be stored hold their owner", lane=claim.lane)
            held = fold_owner(owned.key, records, self._topics, discarded, str(error))
            alone = _portion([held], read, claim.begun)
            await retry_until_available(lambda: self._filling.insert(claim, alone))


def _portion(made: Sequence[OwnerFold], read: int, clear: bool) -> InsertBatch:
    return InsertBatch(
        documents=[document for owned in made for document in owned.documents],
        letters=[letter for owned in made for letter in owned.letters],
        held=[one for owned in made for one in owned.held],
        owners_to_clear=[owned.key.decode() for owned in made if owned.key and owned.documents]
        if clear
        else [],
        read=read,
    )


class _RateLimiter:
    """At most so many a second."""

    def __init__(self, most_a_second: float | None) -> None:
        self._most = most_a_second
        self._ahead_until = 0.0

    async def take(self, count: int) -> None:
        if self._most is None:
            return
        now = time.monotonic()
        self._ahead_until = max(self._ahead_until, now) + count / self._most
        await asyncio.sleep(self._ahead_until - now)
