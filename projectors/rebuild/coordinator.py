"""A rebuild from its beginning to its end; several of these may work on one generation.

See docs/architecture.md, Decision 4.
"""

import asyncio
import secrets
import signal
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import Any, Final, NamedTuple

import structlog

from projectors import log_compatibility
from projectors.concurrency import cancel_and_wait, run_until_first_exits
from projectors.installation import Installation
from projectors.kafka.client import KafkaUnavailable
from projectors.kafka.log_reader import LogReader, RecordsMissing, open_log_reader
from projectors.kafka.topology import Cluster, discover
from projectors.operations.promotion import switch_generation
from projectors.processing.projector import LaneOwnershipLost
from projectors.rebuild.catch_up import CatchUp
from projectors.rebuild.progress import RateMeter
from projectors.rebuild.slice_reader import slice_count
from projectors.supervisor import EXIT_PERMANENT_FAILURE
from read_models.clock import utc_now
from read_models.store import (
    FillProgress,
    GenerationNotFound,
    OperationRefused,
    ReadModelStore,
    StoreUnavailable,
    TruncationOverride,
    WriteConflict,
    initial_fill_state,
    retry_until_available,
)

logger = structlog.get_logger(__name__)

LOOK_S: Final = 0.5
STOP_S: Final = 10.0
"""How long a process that was told to stop may take."""
MAX_CRASHES: Final = 5
"""Processes that may end badly one after the other without the rebuild getting on."""
AGAIN_S: Final = 1.0


class RebuildFailed(Exception):
    """The rebuild cannot go on; the text says why. What was filled stays, and the next one goes on."""


class RebuildPlan(NamedTuple):
    """Plan of a rebuild."""

    command: Sequence[str]
    """Starts a process that fills; it is given the generation, and records a second where these are limited."""
    workers: int
    most_a_second: float | None
    by: str
    """Who asked for it."""
    promoting: bool
    restart: bool
    from_truncated: str | None = None
    """Why a generation is to be made although the log does not begin at offset 0."""


ProgressCallback = Callable[[int, str, FillProgress, float | None], None]
"""Is told of a generation, what is being done, how far it is, and at how many records a second."""


async def rebuild(
    installation: Installation, store: ReadModelStore, plan: RebuildPlan, told: ProgressCallback
) -> int:
    """Fill a generation and answer its number, once it is level and live workers keep it, or none is running.

    Goes on with one that was begun, and helps where another process fills it. Raises RebuildFailed, OperationRefused,
    Broken, RecordsMissing, InvalidTopics, KafkaUnavailable and StoreUnavailable.
    """
    cluster = await discover(installation.kafka, installation.topic_prefix)
    async with open_log_reader(installation.kafka, cluster.topics) as log:
        await log_compatibility.check_active_generations(store, cluster, log)
        generation = await _begin_or_resume(store, cluster, log, plan)
    work = _Coordinator(installation, store, cluster, generation, plan, told)
    try:
        await work.run()
    except (RebuildFailed, OperationRefused, RecordsMissing, KafkaUnavailable, StoreUnavailable) as error:
        with suppress(StoreUnavailable):
            await store.lifecycle.update_rebuild(generation, error=str(error), heard_at=utc_now())
        raise
    return generation


async def plan_lanes(
    cluster: Cluster, log: LogReader, *, from_truncated: bool = False
) -> Mapping[int, dict[str, Any]]:
    """Return how each lane is filled up to where the log ends now.

    Raises Broken where the log does not begin at 0, unless what is left of it is to do.
    """
    lanes = range(cluster.topics.partitions)
    beginnings, ends = await log.beginning_offsets(lanes), await log.end_offsets(lanes)
    if not from_truncated:
        log_compatibility.require_complete_log(beginnings)
    found = {}
    for lane in lanes:
        target = {short: ends[name, lane] for name, short in cluster.topics.unprefixed_by_name.items()}
        begins = {
            short: at
            for name, short in cluster.topics.unprefixed_by_name.items()
            if (at := beginnings[name, lane])
        }
        total = sum(target.values()) - sum(begins.values())
        found[lane] = initial_fill_state(begins, target, total, slice_count(total))
    return found


async def _begin_or_resume(store: ReadModelStore, cluster: Cluster, log: LogReader, plan: RebuildPlan) -> int:
    while True:
        if (left := await store.lifecycle.filling()) is not None:
            if left["version"] != store.version:
                raise OperationRefused(
                    f"generation {left['_id']} is being filled by version {left['version']} of the portal, and"
                    f" there is one rebuild at a time: let it end, or `portal generations drop {left['_id']}`"
                )
            if not plan.restart:
                try:
                    await log_compatibility.check_one(store, cluster, log, left)
                except log_compatibility.LogMismatch as error:
                    raise log_compatibility.LogMismatch(
                        f"generation {left['_id']}, which is unfinished, cannot be gone on with: {error};"
                        " --restart begins anew"
                    ) from error
                await store.lifecycle.update_rebuild(left["_id"], error=None, heard_at=utc_now())
                return int(left["_id"])
            await _patient_with_writers(lambda: store.lifecycle.drop(left["_id"], plan.by))
        reason = plan.from_truncated
        lanes = await plan_lanes(cluster, log, from_truncated=reason is not None)
        lost = any(lane["begins"] for lane in lanes.values())
        truncated = TruncationOverride(reason, plan.by) if reason is not None and lost else None
        total = sum(lane["filling"]["total"] for lane in lanes.values())
        now = utc_now()
        noted = {"total": total, "done": 0, "rate": 0.0, "by": plan.by, "started_at": now, "heard_at": now}
        try:
            generation = await store.lifecycle.begin(store.version, cluster.id, lanes, noted, truncated)
        except WriteConflict:
            continue  # with what somebody else has begun
        # How its log begins is kept with it before anything of it is read.
        await log_compatibility.check_one(
            store, cluster, log, await store.generations.record(generation) or {}
        )
        return generation


async def _patient_with_writers(work: Callable[[], Any]) -> None:
    while True:
        try:
            await work()
            return
        except WriteConflict:
            await asyncio.sleep(0.05)


class _Coordinator:
    """One process's part in filling a generation."""

    def __init__(
        self,
        installation: Installation,
        store: ReadModelStore,
        cluster: Cluster,
        generation: int,
        plan: RebuildPlan,
        told: ProgressCallback,
    ) -> None:
        self._installation = installation
        self._store = store
        self._cluster = cluster
        self._generation = generation
        self._plan = plan
        self._told = told
        self._name = secrets.token_hex(8)
        self._filling = store.filling(generation)
        self._rate = RateMeter()

    async def run(self) -> None:
        while (await retry_until_available(self._filling.progress)).lanes_left:
            await run_until_first_exits(self._fill(), self._tell("filling"))
        await self._require_there()
        progress = await retry_until_available(self._filling.progress)
        await self._store.lifecycle.update_rebuild(self._generation, done=progress.done, total=progress.total)
        await run_until_first_exits(self._finish(), self._tell("following"))
        await self._store.lifecycle.update_rebuild(self._generation, finished_at=utc_now(), error=None)

    async def _tell(self, what: str) -> None:
        """Say how far it is, to whoever started it and in the generation's record."""
        while True:
            try:
                progress = await self._filling.progress()
                rate = self._rate.add(progress.done) if what == "filling" else None
                self._told(self._generation, what, progress, rate)
                noted = {"rate": rate, "done": progress.done} if rate is not None else {}
                await self._store.lifecycle.update_rebuild(self._generation, heard_at=utc_now(), **noted)
            except StoreUnavailable as error:
                logger.warning("MongoDB does not answer", error=str(error))
            await asyncio.sleep(LOOK_S)

    async def _fill(self) -> None:
        """Have processes fill lanes until none is left; start those again that are killed."""
        arguments = [*self._plan.command, str(self._generation)]
        if self._plan.most_a_second is not None:
            arguments.append(str(self._plan.most_a_second / self._plan.workers))
        await asyncio.gather(*(self._keep_filling(arguments) for _ in range(self._plan.workers)))

    async def _keep_filling(self, arguments: Sequence[str]) -> None:
        crashes, done = 0, -1
        while status := await _process(arguments):
            if status == EXIT_PERMANENT_FAILURE:
                raise RebuildFailed("a process that fills ended for good: its last message says why")
            progress = await retry_until_available(self._filling.progress)
            crashes = crashes + 1 if progress.done == done else 1
            done = progress.done
            if crashes >= MAX_CRASHES:
                raise RebuildFailed(
                    f"the processes that fill end with {status} again and again: their messages say why"
                )
            logger.error("a process that fills ended", status=status, again_in_s=AGAIN_S)
            await asyncio.sleep(AGAIN_S)
            await self._require_there()

    async def _finish(self) -> None:
        """Indexes what is filled, follows the log, and has live workers keep the generation; promotes it."""
        views = self._store.views(self._generation)
        await retry_until_available(views.create)
        try:
            await self._require_there()
        except OperationRefused:
            # Dropped while it was indexed: `create`, asked again, may have made it anew, empty.
            await retry_until_available(views.drop)
            raise
        await retry_until_available(lambda: self._store.dead_letters.delete_erased(views))
        while not await self._finished():
            if await self._lead():
                try:
                    await self._follow()
                    return
                except (LaneOwnershipLost, GenerationNotFound):
                    logger.warning("somebody else follows, or the generation was dropped")
            await asyncio.sleep(AGAIN_S)

    async def _follow(self) -> None:
        follower = CatchUp(self._installation, self._store, self._cluster, self._generation)
        following = asyncio.create_task(run_until_first_exits(follower.run(), self._keep_lead()))
        offered = asyncio.create_task(follower.handed_over.wait())
        try:
            await asyncio.wait({following, offered}, return_when=asyncio.FIRST_COMPLETED)
            if self._plan.promoting and offered.done():
                await self._promote()
            await following
        finally:
            await cancel_and_wait(following, offered)

    async def _lead(self) -> bool:
        return await retry_until_available(
            lambda: self._store.lifecycle.acquire_leadership(self._generation, self._name)
        )

    async def _keep_lead(self) -> None:
        while True:
            await asyncio.sleep(AGAIN_S)
            if not await self._lead():
                raise LaneOwnershipLost(frozenset())

    async def _finished(self) -> bool:
        """Return whether live workers keep it already, be it that another process followed; promotes it then."""
        record = await self._require_there()
        if record["state"] == "filling":
            return False
        if self._plan.promoting and record["state"] == "level":
            await self._promote()
        return True

    async def _promote(self) -> None:
        await switch_generation(
            self._installation, self._store, "promote", self._plan.by, generation=self._generation
        )

    async def _require_there(self) -> Mapping[str, Any]:
        record = await retry_until_available(lambda: self._store.generations.record(self._generation))
        if record is None or record["state"] == "retired":
            raise OperationRefused(f"generation {self._generation} was dropped meanwhile")
        return record


async def _process(arguments: Sequence[str]) -> int:
    """Run a process to its end; it ends with its stdin, when this one is killed."""
    process = await asyncio.create_subprocess_exec(*arguments, stdin=asyncio.subprocess.PIPE)
    try:
        return await process.wait()
    finally:
        if process.returncode is None:
            process.send_signal(signal.SIGTERM)
            try:
                await asyncio.wait_for(process.wait(), STOP_S)
            except TimeoutError:
                process.kill()
                await process.wait()
