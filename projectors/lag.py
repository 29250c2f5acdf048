"""How far the views are behind the log: what `portal lag` and `GET /api/lag` say (API.md)."""

import asyncio
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from events.topics import Topics
from projectors.belonging import reasons
from projectors.installation import Installation
from projectors.kafka import Cluster, KafkaAway, Place, find, reading
from read_models.store import Checkpoint, Store, Unavailable

State = Literal["ok", "lagging", "stalled", "broken", "unknown"]

BY_GRAVITY: Final[Sequence[State]] = ("ok", "lagging", "stalled", "broken", "unknown")
LAGGING_S: Final = 5.0
STALLED_S: Final = 20.0


@dataclass(frozen=True)
class PartitionLag:
    """One partition; None is what could not be asked, or what there is not yet."""

    topic: str
    partition: int
    end_offset: int | None
    applied_offset: int | None
    """What the views hold: the offset of the next record they want. None before any worker ran."""
    records: int | None
    seconds: float | None
    """Age of the oldest record not yet applied, by its Kafka timestamp; 0 when there is none."""
    state: State


@dataclass(frozen=True)
class Lag:
    """The whole installation: sums, the largest age, the gravest state."""

    generation: int | None
    records: int | None
    seconds: float | None
    state: State
    dead_letters: int | None
    waiting: int | None
    """Records that wait for a customer's hold to end; they count as applied."""
    gaps: int | None
    skipped: int | None
    partitions: Sequence[PartitionLag]

    def as_json(self) -> dict[str, Any]:
        """The body of `GET /api/lag`."""
        return asdict(self)


class Views(NamedTuple):
    """What MongoDB says."""

    generation: int | None
    record: Mapping[str, Any]
    checkpoints: Mapping[int, Checkpoint]
    """By lane."""
    dead_letters: int
    waiting: int


class LogEnds(NamedTuple):
    """What Kafka says."""

    cluster: Cluster
    beginnings: Mapping[Place, int]
    ends: Mapping[Place, int]
    times: Mapping[Place, int]
    """Kafka timestamp in ms of the oldest record not applied, where there is one."""


async def measure(installation: Installation, clock: Callable[[], datetime]) -> Lag:
    """Ask both servers and compare. What does not answer within seconds makes the lag unknown, never 0.

    Raises TopicsUnfit when there are no topics to speak of.
    """
    views = await _views(installation)
    try:
        log = await _log(installation, views)
    except KafkaAway:
        log = None
    return compare(installation.topic_prefix, views, log, clock())


def compare(prefix: str, views: Views | None, log: LogEnds | None, now: datetime) -> Lag:
    """The lag, of what MongoDB and Kafka said; None for the one that did not answer."""
    lanes = range(log.cluster.topics.partitions) if log else sorted(views.checkpoints) if views else ()
    broken = bool(views and log and views.generation is not None and _broken(views, log))
    partitions = [
        _partition(short, name, lane, views, log, broken, now)
        for name, short in Topics(prefix, 1).short.items()
        for lane in lanes
    ]
    known = views is not None and log is not None
    return Lag(
        generation=views.generation if views else None,
        records=sum(one.records or 0 for one in partitions) if known else None,
        seconds=max((one.seconds or 0.0 for one in partitions), default=0.0) if known else None,
        state=max((one.state for one in partitions), key=BY_GRAVITY.index)
        if partitions and known
        else "unknown",
        dead_letters=views.dead_letters if views else None,
        waiting=views.waiting if views else None,
        gaps=_count(views, "gaps"),
        skipped=_count(views, "skipped"),
        partitions=partitions,
    )


def _partition(
    short: str, name: str, lane: int, views: Views | None, log: LogEnds | None, broken: bool, now: datetime
) -> PartitionLag:
    checkpoint = views.checkpoints.get(lane) if views else None
    applied = checkpoint.offsets.get(short, 0) if checkpoint else None
    end = log.ends[name, lane] if log else None
    if views is None or log is None or end is None:
        return PartitionLag(name, lane, end, applied, None, None, "unknown")
    records = max(0, end - (applied if applied is not None else log.beginnings[name, lane]))
    oldest = log.times.get((name, lane))
    seconds = max(0.0, round(now.timestamp() - oldest / 1000, 3)) if oldest is not None else 0.0
    applied_at = checkpoint.applied_at if checkpoint else None
    idle = applied_at is None or (now - applied_at).total_seconds() > STALLED_S
    state: State = "ok"
    if broken:
        state = "broken"
    elif seconds > STALLED_S and idle:
        state = "stalled"
    elif seconds > LAGGING_S:
        state = "lagging"
    return PartitionLag(name, lane, end, applied, records, seconds, state)


def _broken(views: Views, log: LogEnds) -> bool:
    return bool(
        reasons(log.cluster, views.record, _applied(views, log.cluster.topics), log.beginnings, log.ends)
    )


def _applied(views: Views, topics: Topics) -> dict[Place, int]:
    return {
        (name, lane): checkpoint.offsets.get(short, 0)
        for lane, checkpoint in views.checkpoints.items()
        for name, short in topics.short.items()
    }


def _count(views: Views | None, name: str) -> int | None:
    return sum(one.counts[name] for one in views.checkpoints.values()) if views else None


async def _views(installation: Installation) -> Views | None:
    try:
        store = await Store.connect(installation.mongo_url, installation.database)
    except Unavailable:
        return None
    try:
        pointer = await store.generations.pointer(store.version)
        if pointer is None:
            return Views(None, {}, {}, 0, 0)
        dead_letters, waiting = await store.dead_letters.counts(pointer.served)
        record = await store.generations.record(pointer.served) or {}
        found = await store.writer().read([pointer.served], range(record["partitions"]))
        checkpoints = {one.lane: one for one in found.values()}
        return Views(pointer.served, record, checkpoints, dead_letters, waiting)
    except Unavailable:
        return None
    finally:
        await store.close()


async def _log(installation: Installation, views: Views | None) -> LogEnds:
    cluster = await find(installation.kafka, installation.topic_prefix)
    lanes = range(cluster.topics.partitions)
    async with reading(installation.kafka, cluster.topics) as log:
        beginnings, ends = await asyncio.gather(log.beginnings(lanes), log.ends(lanes))
        applied = _applied(views, cluster.topics) if views else {}
        starts = {place: max(applied.get(place, 0), offset) for place, offset in beginnings.items()}
        behind = {place: start for place, start in starts.items() if views and start < ends[place]}
        return LogEnds(cluster, beginnings, ends, await log.times(behind) if behind else {})
