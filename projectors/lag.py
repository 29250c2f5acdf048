"""Lag of the views behind the log, as `portal lag` and `GET /api/lag` report it (docs/contracts/api.md, Lag)."""

import asyncio
import time
from collections.abc import Callable, Mapping, Sequence
from contextlib import AsyncExitStack
from dataclasses import asdict, dataclass, replace
from datetime import datetime
from typing import Any, Final, Literal, NamedTuple

from events.topics import Topics
from projectors.installation import Installation
from projectors.kafka.client import KafkaUnavailable, Partition
from projectors.kafka.log_reader import LogReader, open_log_reader
from projectors.kafka.topology import Cluster, InvalidTopics, MissingTopics, discover
from projectors.log_compatibility import (
    earliest_of_untruncated,
    identity_mismatches,
    offsets_by_partition,
    recreated_topics,
    truncation_reasons,
)
from read_models.store import Checkpoint, ReadModelStore, StoreUnavailable

State = Literal["ok", "lagging", "stalled", "broken", "unknown"]

BY_GRAVITY: Final[Sequence[State]] = ("ok", "lagging", "stalled", "broken", "unknown")
LAGGING_S: Final = 5.0
STALLED_S: Final = 20.0
CLUSTER_S: Final = 10.0
"""So old may be what is known of the cluster and its topics while the same connection is used."""


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
    reasons: Sequence[str] = ()
    """Why it is `unknown` or `broken`, in words."""

    def as_json(self) -> dict[str, Any]:
        """Return the body of `GET /api/lag`."""
        body = asdict(self)
        del body["reasons"]
        return body


class ViewsSnapshot(NamedTuple):
    """Snapshot of MongoDB's side of the lag."""

    generation: int | None
    record: Mapping[str, Any]
    checkpoints: Mapping[int, Checkpoint]
    """By lane."""
    dead_letters: int
    waiting: int


class LogSnapshot(NamedTuple):
    """Snapshot of Kafka's side of the lag."""

    cluster: Cluster
    beginnings: Mapping[Partition, int]
    ends: Mapping[Partition, int]
    firsts: Mapping[Partition, int]
    """Kafka timestamp in ms of the oldest record, by partition."""
    times: Mapping[Partition, int]
    """Kafka timestamp in ms of the oldest record not applied, by partition; none where nothing but markers of
    transactions is left, which have offsets, too."""


class LagMeter:
    """Measures the lag over connections that stay open; one measurement at a time. `close` it."""

    def __init__(
        self, installation: Installation, store: ReadModelStore, clock: Callable[[], datetime]
    ) -> None:
        """Nothing is asked of a server yet."""
        self._installation = installation
        self._store = store
        self._clock = clock
        self._connection = AsyncExitStack()
        self._opened: tuple[Cluster, LogReader, float] | None = None

    async def measure(self) -> Lag:
        """Ask both servers and compare. What does not answer within seconds makes the lag unknown, never 0.

        Where the topics differ in their partition counts it is broken; raises MissingTopics when there are none.
        """
        opening = asyncio.ensure_future(self._open())
        try:
            # The views first: asked for later, the log would be shorter than they are.
            views = await _views(self._store)
            log = await _log(*await asyncio.shield(opening), views)
        except KafkaUnavailable:
            await self.close()
            log = None
        except MissingTopics:
            raise
        except InvalidTopics as error:
            nothing = compare(self._installation.topic_prefix, views, None, self._clock())
            return replace(nothing, state="broken", reasons=[str(error)])
        finally:
            # Cancelled while it is being made, aiokafka leaves a connection behind; it is bounded.
            await asyncio.wait([opening])
        return compare(self._installation.topic_prefix, views, log, self._clock())

    async def close(self) -> None:
        """End the connection to Kafka; measuring again opens another."""
        self._opened = None
        await self._connection.aclose()

    async def _open(self) -> tuple[Cluster, LogReader]:
        if self._opened is None or time.monotonic() - self._opened[2] > CLUSTER_S:
            kafka = self._installation.kafka
            cluster = await discover(kafka, self._installation.topic_prefix)
            if self._opened is None or self._opened[0] != cluster:
                await self.close()
                log = await self._connection.enter_async_context(open_log_reader(kafka, cluster.topics))
            else:
                log = self._opened[1]
            self._opened = cluster, log, time.monotonic()
        return self._opened[:2]


async def measure(installation: Installation, clock: Callable[[], datetime]) -> Lag:
    """Measure once; as `LagMeter.measure`."""
    store = ReadModelStore(installation.mongo_url, installation.database)
    meter = LagMeter(installation, store, clock)
    try:
        return await meter.measure()
    finally:
        await meter.close()
        await store.close()


def unknown(prefix: str, reason: str, now: datetime) -> Lag:
    """Return the lag where it could not be measured."""
    return replace(compare(prefix, None, None, now), reasons=[reason])


def compare(prefix: str, views: ViewsSnapshot | None, log: LogSnapshot | None, now: datetime) -> Lag:
    """Return the lag, of what MongoDB and Kafka said; None for the one that did not answer."""
    lanes = range(log.cluster.topics.partitions) if log else sorted(views.checkpoints) if views else ()
    broken = _broken(views, log) if views and log and views.generation is not None else []
    partitions = [
        _partition(short, name, lane, views, log, bool(broken), now)
        for name, short in Topics(prefix, 1).unprefixed_by_name.items()
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
        reasons=[*broken, *_away(views, log)],
    )


def _partition(
    short: str,
    name: str,
    lane: int,
    views: ViewsSnapshot | None,
    log: LogSnapshot | None,
    broken: bool,
    now: datetime,
) -> PartitionLag:
    checkpoint = views.checkpoints.get(lane) if views else None
    applied = checkpoint.offsets.get(short, 0) if checkpoint else None
    end = log.ends[name, lane] if log else None
    if views is None or log is None or end is None:
        return PartitionLag(name, lane, end, applied, None, None, "unknown")
    oldest = log.times.get((name, lane))
    start = applied if applied is not None else log.beginnings[name, lane]
    records = 0 if oldest is None else max(0, end - start)
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


def _broken(views: ViewsSnapshot, log: LogSnapshot) -> list[str]:
    topics = log.cluster.topics
    begins = offsets_by_partition(((lane, one.begins) for lane, one in views.checkpoints.items()), topics)
    return [
        *identity_mismatches(log.cluster, views.record, _applied(views, topics), log.ends),
        *recreated_topics(
            log.cluster, views.record, earliest_of_untruncated(log.firsts, log.beginnings, begins)
        ),
        *truncation_reasons(log.beginnings, begins),
    ]


def _away(views: ViewsSnapshot | None, log: LogSnapshot | None) -> list[str]:
    servers = {"MongoDB": views, "Kafka": log}
    return [f"{name} does not answer" for name, said in servers.items() if said is None]


def _applied(views: ViewsSnapshot, topics: Topics) -> dict[Partition, int]:
    return offsets_by_partition(((lane, one.offsets) for lane, one in views.checkpoints.items()), topics)


def _count(views: ViewsSnapshot | None, name: str) -> int | None:
    return sum(one.counts[name] for one in views.checkpoints.values()) if views else None


async def _views(store: ReadModelStore) -> ViewsSnapshot | None:
    try:
        pointer = await store.generations.pointer(store.version)
        if pointer is None or pointer.served is None:
            return ViewsSnapshot(None, {}, {}, 0, 0)
        dead_letters, waiting = await store.dead_letters.counts(pointer.served)
        record = await store.generations.record(pointer.served) or {}
        found = await store.writer().read([pointer.served], range(record["partitions"]))
        checkpoints = {one.lane: one for one in found.values()}
        return ViewsSnapshot(pointer.served, record, checkpoints, dead_letters, waiting)
    except StoreUnavailable:
        return None


async def _log(cluster: Cluster, log: LogReader, views: ViewsSnapshot | None) -> LogSnapshot:
    lanes = range(cluster.topics.partitions)
    beginnings, ends, firsts = await asyncio.gather(
        log.beginning_offsets(lanes), log.end_offsets(lanes), log.earliest_timestamps(lanes)
    )
    applied = _applied(views, cluster.topics) if views else {}
    starts = {place: max(applied.get(place, 0), offset) for place, offset in beginnings.items()}
    behind = {place: start for place, start in starts.items() if views and start < ends[place]}
    return LogSnapshot(cluster, beginnings, ends, firsts, await log.timestamps_at(behind) if behind else {})
