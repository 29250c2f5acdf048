"""The write path: one transaction a batch, compared on every lane it writes (docs/architecture.md, Decision 1)."""

import asyncio
import math
import time
from collections.abc import Awaitable, Callable, Collection, Coroutine, Iterable, Mapping, Sequence
from datetime import datetime
from types import MappingProxyType
from typing import Any, NamedTuple

import structlog
from bson.binary import UUID_SUBTYPE, Binary
from pymongo import DeleteMany, UpdateMany, UpdateOne

from read_models.clock import utc_now
from read_models.store.checkpoints import COLLECTION, Checkpoint, CheckpointUpdate, compare_and_set_updates
from read_models.store.generations.repository import GenerationNotFound, GenerationPointer, Generations
from read_models.store.mongo import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Client,
    Database,
    StoreUnavailable,
    WriteConflict,
    shield_until_done,
    translate_errors,
)
from read_models.store.operational import COLLECTIONS as RECORDS
from read_models.store.operational import ERASED_TEXT_FIELDS
from read_models.store.operational.erasures import COLLECTION as ERASURES
from read_models.store.operational.erasures import record_erasure
from read_models.store.quarantine.dead_letters import COLLECTIONS as DEAD_LETTERS
from read_models.store.quarantine.dead_letters import (
    BlockedRecord,
    DeadLetters,
    LogPosition,
    UnreadableRecord,
)
from read_models.store.quarantine.discards import Discards
from read_models.store.views import EncodedWrites, ViewCollection
from read_models.working_set import DocumentRequest, LoadedDocuments

log = structlog.get_logger()

BLOCKED_SECONDS = 2.0
"""For so long a lane's document may be held by another transaction before its session is killed."""

Checkpoints = dict[tuple[int, int], Checkpoint]
"""Checkpoints by generation and lane."""


class RevisionConflict(Exception):
    """Somebody else wrote a lane since its checkpoint was read; or it was oneself, and the answer was lost."""


class WriteBatch(NamedTuple):
    """Writes of one transaction: the outcome of `records` records; `steps` are by lane."""

    records: int
    steps: Mapping[int, CheckpointUpdate]
    saving: EncodedWrites
    letters: Sequence[UnreadableRecord] = ()
    held: Sequence[BlockedRecord] = ()


class TransactionalWriter:
    """Writes the lanes of one worker, in the generations it keeps; every await may be cancelled.

    It has two sessions: that of its transactions, which the checkpoints name, and one to read in meanwhile, which
    sees all that was committed in the other, also after another server has become primary.
    """

    def __init__(
        self,
        client: Client,
        database: Database,
        generations: Generations,
        dead_letters: DeadLetters,
        patience_s: float = math.inf,
    ) -> None:
        """Nothing is asked of the server yet. A transaction that fails is tried again for `patience_s` at most.

        Who has no end of patience needs somebody else to notice that it does not get on.
        """
        self._client = client
        self._database = database
        self._checkpoints = database[COLLECTION]
        self._generations = generations
        self._dead_letters = dead_letters
        self._discards = Discards(database)
        self._patience_s = patience_s
        self._session: Any = None
        self._reading: Any = None
        self.retries = 0
        """Transactions that were tried again."""

    @property
    def session_id(self) -> bytes:
        """The lsid that the checkpoints name."""
        return bytes(self._session.session_id["id"])

    async def open(self) -> None:
        """Start the sessions; raise `StoreUnavailable`."""
        with translate_errors():
            if self._reading is None:
                self._reading = await self._client.start_session()
            if self._session is None:
                self._session = await self._client.start_session()

    async def close(self) -> None:
        """End the sessions."""
        for session in (self._session, self._reading):
            if session is not None:
                await session.end_session()
        self._session = self._reading = None

    async def read(self, generations: Iterable[int], lanes: Iterable[int]) -> Checkpoints:
        """Return the checkpoints of lanes in generations; those that there are."""
        wanted = {"generation": {"$in": list(generations)}, "lane": {"$in": list(lanes)}}
        with translate_errors():
            found = await self._checkpoints.find(wanted, session=self._reading).to_list(None)
        known = [Checkpoint.of(document) for document in found]
        return {(one.generation, one.lane): one for one in known}

    async def read_active_generations(
        self, version: int, lanes: Collection[int], only: int | None = None
    ) -> tuple[tuple[int, ...], Checkpoints]:
        """Return the generations that are kept in a version, and the checkpoints of lanes in them; raises
        `GenerationNotFound`.

        The pointer is asked for on both sides of the checkpoints: whoever moves it writes them all, so that a move
        after this fails the next compare. With `only` it is that one generation, kept or not.
        """
        self._advance_read_session()
        if only is not None:
            return (only,), await shield_until_done(self.read([only], lanes))
        known: Checkpoints = {}
        pointer: GenerationPointer | None = None
        while True:
            before, pointer = (
                pointer,
                await shield_until_done(self._generations.pointer(version, self._reading)),
            )
            if pointer is None:
                raise GenerationNotFound(f"no generation of version {version} is served")
            if pointer == before:
                return pointer.active, known
            known = await shield_until_done(self.read(pointer.active, lanes))

    async def held(self, generations: Collection[int], lanes: Collection[int]) -> set[str]:
        """Return the owners (`biz/cus`, `biz`) that are held in lanes, in any of these generations."""
        return await shield_until_done(self._dead_letters.held(generations, lanes, self._reading))

    async def generations_of(self, lane: int) -> list[int]:
        """Return all generations, of any version, that have a lane."""
        with translate_errors():
            found = await self._checkpoints.find({"lane": lane}, {"generation": 1}).to_list(None)
        return sorted([document["generation"] for document in found])

    async def discarded(self, lanes: Collection[int]) -> frozenset[LogPosition]:
        """Return the places of lanes that are not to be applied."""
        return await shield_until_done(self._discards.places(lanes, self._reading))

    async def acquire_lanes(
        self, version: int, lanes: Collection[int], others: Collection[int], only: int | None = None
    ) -> tuple[tuple[int, ...], Checkpoints]:
        """Make lanes this writer's: their checkpoints name its session from now on.

        Answers as `current` does, for these lanes and others. Raises `RevisionConflict` when somebody wrote meanwhile.
        """
        kept, known = await self.read_active_generations(version, {*lanes, *others}, only)
        taken = [one for one in known.values() if one.lane in lanes]
        if len(taken) != len(lanes) * len(kept):
            raise GenerationNotFound(f"the generations {kept} do not all have the lanes {sorted(lanes)}")
        await self.fence(taken)
        return kept, known

    async def fence(self, known: Sequence[Checkpoint]) -> None:
        """Have checkpoints name this writer's session; raise `RevisionConflict` when somebody wrote them meanwhile."""
        steps = dict.fromkeys((one.lane for one in known), CheckpointUpdate({}, None, {}))
        await self.write(WriteBatch(0, steps, EncodedWrites((), frozenset(), 0)), known, ())

    async def load(self, need: DocumentRequest, views: ViewCollection) -> LoadedDocuments:
        """Return what a fold needs, as of the last commit or later."""
        self._advance_read_session()
        return await shield_until_done(views.answer(need, self._reading))

    async def write(
        self, batch: WriteBatch, known: Sequence[Checkpoint], views: Sequence[ViewCollection]
    ) -> None:
        """Write a batch in one transaction, or raise.

        Failures of the server are retried with growing pauses, until the caller cancels or has no patience left, which
        raises `StoreUnavailable`. Raises `RevisionConflict`, and `DocumentRejected` when a document cannot be stored.
        `known` is brought up to date.
        """
        now = utc_now()
        operations = compare_and_set_updates(known, batch.steps, self.session_id, now)
        await self._with_retries(lambda: self._transact(operations, batch, views, now), known)
        for checkpoint in known:
            step = batch.steps[checkpoint.lane]
            checkpoint.revision += 1
            checkpoint.offsets |= step.offsets
            checkpoint.session = self.session_id
            checkpoint.level_at = step.level_at or checkpoint.level_at

    async def transact_alongside_worker(
        self,
        lane: int,
        generations: Collection[int],
        work: Callable[[Any], Awaitable[None]],
        counts: Mapping[int, Mapping[str, int]] = MappingProxyType({}),
    ) -> None:
        """One transaction, around `work`, on a lane that a worker may be writing; it gets the session.

        It adds 1 to the lane's revisions, by which the worker learns of it, and takes the lane from nobody. What was
        read before is compared by `work` itself, on the hold of the customer it writes: nobody else writes a customer
        that is held. `counts` are added to the lane's, by generation. Raises and retries as `write` does.
        """
        known = await shield_until_done(self.read(generations, [lane]))
        steps = [
            UpdateOne(
                {"_id": one.id},
                {
                    "$inc": {"revision": 1}
                    | {f"counts.{name}": n for name, n in counts.get(one.generation, {}).items()}
                },
            )
            for one in known.values()
        ]

        async def transact() -> None:
            with translate_errors():
                async with self._session.start_transaction():
                    moved = await self._checkpoints.bulk_write(steps, session=self._session)
                    if moved.matched_count != len(generations):
                        raise RevisionConflict
                    await work(self._session)

        if len(known) != len(generations):
            raise RevisionConflict  # a generation was dropped meanwhile
        await self._with_retries(transact, list(known.values()))

    async def set_level(self, known: Sequence[Checkpoint], at: datetime) -> None:
        """Record that idle lanes were read to their ends at a moment; without a transaction or a new revision."""
        mine = {"_id": {"$in": [one.id for one in known]}, "session": self.session_id}
        with translate_errors():
            update = self._checkpoints.update_many(mine, {"$max": {"level_at": at}}, session=self._session)
            await shield_until_done(update)
        for checkpoint in known:
            checkpoint.level_at = at

    def _advance_read_session(self) -> None:
        """Have what is read next be no older than the last transaction."""
        if self._session.cluster_time is not None:
            self._reading.advance_cluster_time(self._session.cluster_time)
        if self._session.operation_time is not None:
            self._reading.advance_operation_time(self._session.operation_time)

    async def _transact(
        self, operations: list[Any], batch: WriteBatch, views: Sequence[ViewCollection], now: datetime
    ) -> None:
        session = self._session
        with translate_errors():
            async with session.start_transaction():
                compared = await self._checkpoints.bulk_write(operations, session=session)
                if compared.matched_count != len(operations):
                    raise RevisionConflict
                await self.erase(batch.saving.erase, session)
                for generation in views:
                    await generation.write(batch.saving, session)
                kept = [generation.generation for generation in views]
                await self._dead_letters.insert(batch.letters, batch.held, kept, now, session)

    async def erase(self, customers: Collection[tuple[str, str]], session: Any) -> None:
        """Remove what dead letters and records hold of customers (docs/contracts/views.md, Erasure)."""
        if owners := [{"business": business, "customer": customer} for business, customer in customers]:
            deletes = [DeleteMany(owner) for owner in owners]
            for name in (*DEAD_LETTERS, *RECORDS):
                await self._database[name].bulk_write(deletes, session=session)
            await self._database[ERASURES].bulk_write(
                [record_erasure(*customer, utc_now()) for customer in customers], session=session
            )
            for name, field in ERASED_TEXT_FIELDS.items():
                emptied = [UpdateMany(owner, {"$set": {field: None}}) for owner in owners]
                await self._database[name].bulk_write(emptied, session=session)

    async def _with_retries(
        self, transact: Callable[[], Coroutine[Any, Any, None]], known: Sequence[Checkpoint]
    ) -> None:
        pause, begun = FIRST_PAUSE_SECONDS, time.monotonic()
        blocked_since: float | None = None
        while True:
            try:
                if blocked_since is not None and time.monotonic() - blocked_since > BLOCKED_SECONDS:
                    blocked_since = None
                    await self._kill_blocking_sessions(known)
                await shield_until_done(transact())
                return
            except StoreUnavailable as error:
                if time.monotonic() - begun > self._patience_s:
                    raise
                if isinstance(error, WriteConflict):
                    blocked_since = blocked_since or time.monotonic()
                    log.info(
                        "a lane is held by another transaction", lanes=sorted({one.lane for one in known})
                    )
                else:
                    blocked_since = None
                    log.warning("a transaction failed; trying again", error=str(error))
            self.retries += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _kill_blocking_sessions(self, known: Sequence[Checkpoint]) -> None:
        """End the sessions that the checkpoints name: a writer killed inside a transaction blocks its lanes."""
        current = await shield_until_done(
            self.read({one.generation for one in known}, {one.lane for one in known})
        )
        others = {one.session for one in current.values() if one.session} - {self.session_id}
        if others:
            log.warning("ending the sessions of the lanes' former owner", sessions=len(others))
            with translate_errors():
                await self._client.admin.command(
                    "killSessions", [{"id": lsid(other)} for other in sorted(others)]
                )


def lsid(session: bytes) -> Any:
    """Return a session's id as MongoDB takes it."""
    return Binary(session, UUID_SUBTYPE)
