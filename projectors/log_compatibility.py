"""Checks that a log and the views made from it belong together (docs/contracts/api.md, Command line)."""

import asyncio
from collections.abc import Iterable, Mapping
from typing import Any, Final

import structlog

from events.topics import Topics
from projectors.installation import Installation
from projectors.kafka.client import KafkaUnavailable, Partition
from projectors.kafka.log_reader import LogReader
from projectors.kafka.topology import Cluster, MissingTopics, discover
from read_models.store import ReadModelStore, StoreUnavailable

logger = structlog.get_logger(__name__)

LOOK_EVERY_S: Final = 10.0
"""So seldom a worker that works looks whether its log is still the same."""
WRONG_LOG_HINT: Final = (
    "point PORTAL_KAFKA_BOOTSTRAP and PORTAL_TOPIC_PREFIX at the log that the views were made from, or give this log"
    " another PORTAL_MONGO_DATABASE"
)
TRUNCATED_LOG_HINT: Final = (
    "bring the records back; or, if they are lost for good, have views made of what is left:"
    " `portal rebuild --promote --from-truncated --reason …`"
)


class LogMismatch(Exception):
    """Log and views do not belong together; the text says why and what to do."""


def identity_mismatches(
    cluster: Cluster,
    record: Mapping[str, Any],
    applied: Mapping[Partition, int],
    ends: Mapping[Partition, int],
) -> list[str]:
    """Why this is not the log that a generation was made from; empty when it can be.

    `record` is the generation's, offsets are those of next records.
    """
    found = []
    if record["cluster_id"] != cluster.id:
        found.append(f"the views were made from cluster {record['cluster_id']}, this is {cluster.id}")
    if record["partitions"] != cluster.topics.partitions:
        found.append(
            f"the views were made from {record['partitions']} partitions a topic, now there are"
            f" {cluster.topics.partitions}"
        )
    if short := _listed(place for place, offset in applied.items() if offset > ends.get(place, offset)):
        found.append(f"the log is shorter than the views in {short}")
    return found


def recreated_topics(
    cluster: Cluster, record: Mapping[str, Any], firsts: Mapping[Partition, int]
) -> list[str]:
    """Why the log is another one than a generation was made from, however long it is; empty when it can be the same.

    `firsts` are the Kafka timestamps of its oldest records, in ms: those of topics that were made anew are others.
    """
    known = {place: _known_first(cluster.topics, record, place) for place in firsts}
    others = [place for place, first in firsts.items() if known[place] not in (None, first)]
    return [f"the log was made anew, its oldest records are others, in {_listed(others)}"] if others else []


def earliest_of_untruncated(
    firsts: Mapping[Partition, int], beginnings: Mapping[Partition, int], begins: Mapping[Partition, int]
) -> dict[Partition, int]:
    """Return the oldest records of the partitions that have not forgotten any; the others' say nothing. See
    `truncation_reasons`."""
    return {place: first for place, first in firsts.items() if beginnings[place] <= begins.get(place, 0)}


def truncation_reasons(beginnings: Mapping[Partition, int], begins: Mapping[Partition, int]) -> list[str]:
    """Why the log has not all that views were made from, or are to be; empty when it has.

    `begins` is where it began when they were, by partition; 0 where that says nothing.
    """
    late = sorted(place for place, offset in beginnings.items() if offset > begins.get(place, 0))
    if not late:
        return []
    if any(begins.values()):
        return [f"the log does not begin any more where it did when the views were made, in {_listed(late)}"]
    return [f"the log does not begin at offset 0 in {_listed(late)}"]


def require_complete_log(beginnings: Mapping[Partition, int]) -> None:
    """Raise Broken when a log does not begin at offset 0: what was made from it would not be whole."""
    if late := truncation_reasons(beginnings, {}):
        raise LogMismatch(f"{late[0]}: views made from it would not be whole; {TRUNCATED_LOG_HINT}")


async def check(
    store: ReadModelStore, cluster: Cluster, log: LogReader, *, from_truncated: bool = False
) -> None:
    """Raise Broken when what is kept, the served generation first, was not made from this log.

    With `from_truncated` the log may have forgotten what the views were made from.
    """
    pointer = await store.generations.pointer(store.version)
    if pointer is not None:
        record = await store.generations.record(pointer.active[0])
        await check_one(store, cluster, log, record or {}, from_truncated=from_truncated)


async def check_active_generations(store: ReadModelStore, cluster: Cluster, log: LogReader) -> None:
    """Raise Broken when what is kept, in any version, was made from another log than this; what it forgot aside."""
    for record in await store.generations.records():
        if record["state"] in ("served", "standby", "level"):
            await check_one(store, cluster, log, record, from_truncated=True)


async def watch(installation: Installation, store: ReadModelStore, log: LogReader) -> None:
    """Look again and again whether they still belong together, for ever; raise Broken, InvalidTopics."""
    while True:
        await asyncio.sleep(LOOK_EVERY_S)
        try:
            await check(store, await discover(installation.kafka, installation.topic_prefix), log)
        except (KafkaUnavailable, MissingTopics, StoreUnavailable) as error:
            logger.warning("cannot tell whether log and views belong together", reason=str(error))


async def check_one(
    store: ReadModelStore,
    cluster: Cluster,
    log: LogReader,
    record: Mapping[str, Any],
    *,
    from_truncated: bool = False,
) -> None:
    """Raise Broken when a generation, given its record, was not made from this log.

    Else keeps with the generation how the partitions begin of which that was not known: they may have been empty.
    """
    # The views first: asked for later, the log would be shorter than they are.
    known = await store.writer().read([record["_id"]], range(record["partitions"]))
    lanes = range(min(record["partitions"], cluster.topics.partitions))
    if not known:
        return  # it was dropped just now
    beginnings, ends = await log.beginning_offsets(lanes), await log.end_offsets(lanes)
    of_lanes = [one for one in known.values() if one.lane in lanes]
    applied = offsets_by_partition(((one.lane, one.offsets) for one in of_lanes), cluster.topics)
    begins = offsets_by_partition(((one.lane, one.begins) for one in of_lanes), cluster.topics)
    firsts = earliest_of_untruncated(await log.earliest_timestamps(lanes), beginnings, begins)
    if found := identity_mismatches(cluster, record, applied, ends) + recreated_topics(
        cluster, record, firsts
    ):
        raise LogMismatch(f"log and views do not belong together: {'; '.join(found)}; {WRONG_LOG_HINT}")
    if not from_truncated and (found := truncation_reasons(beginnings, begins)):
        raise LogMismatch(f"log and views do not belong together: {found[0]}; {TRUNCATED_LOG_HINT}")
    fresh = {
        (cluster.topics.unprefixed_by_name[place[0]], place[1]): first
        for place, first in firsts.items()
        if _known_first(cluster.topics, record, place) is None
    }
    if fresh:
        await store.generations.record_earliest_timestamps(record["_id"], fresh)


def _known_first(topics: Topics, record: Mapping[str, Any], place: Partition) -> int | None:
    """Return how a partition began when a generation was made, as its record has it."""
    name, lane = place
    first: int | None = record.get("firsts", {}).get(topics.unprefixed_by_name[name], {}).get(str(lane))
    return first


def offsets_by_partition(
    offsets: Iterable[tuple[int, Mapping[str, int]]], topics: Topics
) -> dict[Partition, int]:
    """Offsets by full topic name and partition, given those of lanes by topic without prefix; 0 where there is none."""
    return {
        (name, lane): of_lane.get(short, 0)
        for lane, of_lane in offsets
        for name, short in topics.unprefixed_by_name.items()
    }


def _listed(places: Iterable[Partition]) -> str:
    return ", ".join(f"{topic}/{lane}" for topic, lane in sorted(places))
