"""The write path: one session, one transaction a batch, compared on every lane it writes (DESIGN.md, decision 1)."""

import asyncio
import time
from collections.abc import Callable, Coroutine, Iterable, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any, NamedTuple

import structlog
from bson.binary import UUID_SUBTYPE, Binary

from read_models.project import Changes
from read_models.store.checkpoints import COLLECTION, Advance, Checkpoint, advances
from read_models.store.dead_letters import DeadLetter, DeadLetters, Held, Release
from read_models.store.driver import (
    FIRST_PAUSE_SECONDS,
    LONGEST_PAUSE_SECONDS,
    Client,
    Conflict,
    Database,
    Unavailable,
    translated,
)
from read_models.store.records import COLLECTIONS as RECORDS
from read_models.store.views import Views
from read_models.working_set import Loaded, Need

log = structlog.get_logger()

BLOCKED_SECONDS = 2.0
"""For so long a lane's document may be held by another transaction before its session is killed."""


class CompareFailed(Exception):
    """Somebody else wrote a lane since its checkpoint was read; or it was oneself, and the answer was lost."""


class Batch(NamedTuple):
    """What one transaction writes."""

    steps: Mapping[int, Advance]
    changes: Changes
    letters: Sequence[DeadLetter]
    held: Sequence[Held]
    released: Sequence[Release]


class Writer:
    """Writes the lanes of one worker, in the generations it keeps; all await points may be cancelled."""

    def __init__(self, client: Client, database: Database, dead_letters: DeadLetters) -> None:
        """Nothing is asked of the server yet."""
        self._client = client
        self._database = database
        self._checkpoints = database[COLLECTION]
        self._dead_letters = dead_letters
        self._session: Any = None
        self.retries = 0
        """Transactions that were tried again, for the metrics."""

    @property
    def session_id(self) -> bytes:
        """The lsid that the checkpoints name."""
        return bytes(self._session.session_id["id"])

    async def open(self) -> None:
        """Starts the session; raises `Unavailable`."""
        if self._session is None:
            with translated():
                self._session = await self._client.start_session(causal_consistency=False)

    async def close(self) -> None:
        """Ends the session."""
        if self._session is not None:
            await self._session.end_session()
            self._session = None

    async def read(
        self, generations: Iterable[int], lanes: Iterable[int]
    ) -> dict[tuple[int, int], Checkpoint]:
        """The checkpoints of lanes in generations, by both."""
        wanted = {"generation": {"$in": list(generations)}, "lane": {"$in": list(lanes)}}
        with translated():
            found = await self._checkpoints.find(wanted, session=self._session).to_list(None)
        known = [Checkpoint.of(document) for document in found]
        return {(one.generation, one.lane): one for one in known}

    async def take(
        self, generations: Sequence[int], lanes: Sequence[int]
    ) -> dict[tuple[int, int], Checkpoint]:
        """Makes the lanes this writer's: their checkpoints name its session from now on."""
        known = await self.read(generations, lanes)
        steps = {lane: Advance(lane, {}, None, {}) for lane in lanes}
        nothing = Batch(steps, Changes({}, frozenset(), frozenset(), frozenset(), {}), (), (), ())
        await self.write(nothing, list(known.values()), ())
        return known

    async def answer(self, need: Need, views: Views) -> Loaded:
        """What a fold needs, as of the last commit."""
        return await views.answer(need, self._session)

    async def write(self, batch: Batch, known: Sequence[Checkpoint], views: Sequence[Views]) -> None:
        """Writes a batch in one transaction, or raises.

        Failures of the server are retried with growing pauses until the caller cancels. Raises `CompareFailed`, and
        `Unstorable` when a document cannot be stored. `known` is brought up to date.
        """
        now = datetime.now(UTC)
        operations = advances(known, batch.steps, self.session_id, now)
        await self._retried(lambda: self._transact(operations, batch, views, now), known)
        for checkpoint in known:
            step = batch.steps[checkpoint.lane]
            checkpoint.revision += 1
            checkpoint.offsets |= step.offsets
            checkpoint.session = self.session_id
            checkpoint.level_at = step.level_at or checkpoint.level_at

    async def set_level(self, checkpoint: Checkpoint, at: datetime) -> None:
        """Notes that an idle lane was read to its end at a moment; without a transaction or a new revision."""
        mine = {"_id": checkpoint.id, "session": self.session_id, "revision": checkpoint.revision}
        with translated():
            await self._checkpoints.update_one(mine, {"$max": {"level_at": at}}, session=self._session)
        checkpoint.level_at = at

    async def _transact(
        self, operations: list[Any], batch: Batch, views: Sequence[Views], now: datetime
    ) -> None:
        session = self._session
        with translated():
            async with session.start_transaction():
                compared = await self._checkpoints.bulk_write(operations, session=session)
                if compared.matched_count != len(operations):
                    raise CompareFailed
                for business, customer in batch.changes.erase:
                    await self._dead_letters.erase(business, customer, session)
                    for name in RECORDS:
                        gone = {"business": business, "customer": customer}
                        await self._database[name].delete_many(gone, session=session)
                for generation in views:
                    await generation.write(batch.changes, session)
                await self._dead_letters.write(batch.letters, batch.held, batch.released, now, session)

    async def _retried(
        self, transact: Callable[[], Coroutine[Any, Any, None]], known: Sequence[Checkpoint]
    ) -> None:
        pause, blocked_since = FIRST_PAUSE_SECONDS, time.monotonic()
        while True:
            try:
                if time.monotonic() - blocked_since > BLOCKED_SECONDS:
                    blocked_since = time.monotonic()
                    await self._kill_holders(known)
                await _whole(transact())
                return
            except Conflict:
                log.info("a lane is held by another transaction", lanes=sorted(one.lane for one in known))
            except Unavailable as error:
                blocked_since = time.monotonic()
                log.warning("MongoDB does not answer; trying again", error=str(error))
            self.retries += 1
            await asyncio.sleep(pause)
            pause = min(pause * 2, LONGEST_PAUSE_SECONDS)

    async def _kill_holders(self, known: Sequence[Checkpoint]) -> None:
        """Ends the sessions that the checkpoints name: a writer killed inside a transaction blocks its lanes."""
        current = await self.read({one.generation for one in known}, {one.lane for one in known})
        others = {one.session for one in current.values() if one.session} - {self.session_id}
        if others:
            with translated():
                await self._client.admin.command(
                    "killSessions", [{"id": lsid(other)} for other in sorted(others)]
                )


async def _whole(transaction: Coroutine[Any, Any, None]) -> None:
    """Runs a transaction to its end also when the caller cancels: a session may not be left in the middle of one."""
    running = asyncio.ensure_future(transaction)
    try:
        await asyncio.shield(running)
    except asyncio.CancelledError:
        await asyncio.wait([running])
        if running.done() and not running.cancelled() and (error := running.exception()):
            log.info("a transaction failed while its worker was stopped", error=type(error).__name__)
        raise


def lsid(session: bytes) -> Any:
    """A session's id as MongoDB takes it."""
    return Binary(session, UUID_SUBTYPE)
