"""Estimate of a rebuild's records and duration, without writing anything."""

import time
from collections.abc import Mapping
from typing import Any, Final

from events.envelope import Record
from projectors import log_compatibility
from projectors.installation import Installation
from projectors.kafka.log_reader import LogReader, open_log_reader
from projectors.kafka.topology import Cluster, discover
from projectors.rebuild.coordinator import plan_lanes
from projectors.rebuild.owner_fold import fold_owner
from read_models.store import ReadModelStore

SAMPLE: Final = 2_000
"""Records that are folded to see how fast this machine is."""
OF_FOLDING: Final = 0.5
"""What folding is of the work; the rest is reading and inserting, which take about as long."""


async def estimate(
    installation: Installation,
    store: ReadModelStore,
    workers: int,
    most_a_second: float | None,
    *,
    from_truncated: bool = False,
) -> tuple[int, float | None]:
    """Record to read, and seconds it should take; None where there are none.

    Raises Broken, InvalidTopics, KafkaUnavailable, RecordsMissing, StoreUnavailable.
    """
    cluster = await discover(installation.kafka, installation.topic_prefix)
    async with open_log_reader(installation.kafka, cluster.topics) as log:
        await log_compatibility.check_active_generations(store, cluster, log)
        lanes = await plan_lanes(cluster, log, from_truncated=from_truncated)
        total = sum(lane["filling"]["total"] for lane in lanes.values())
        if not total:
            return 0, None
        rate = workers * await _rate(cluster, log, lanes)
    return total, round(total / min(rate, most_a_second or rate), 1)


async def _rate(cluster: Cluster, log: LogReader, lanes: Mapping[int, dict[str, Any]]) -> float:
    """Record a second of one process, by a sample of the longest topic, at least 1 of it; raise KafkaUnavailable,
    RecordsMissing."""
    place, begin, end = max(
        (
            ((cluster.topics.name(short), lane), found["begins"].get(short, 0), end)
            for lane, found in lanes.items()
            for short, end in found["filling"]["target"].items()
        ),
        key=lambda one: one[2] - one[1],
    )
    records = await log.read(place, begin, min(end, begin + SAMPLE))
    begun = time.perf_counter()
    by_key: dict[bytes | None, list[Record]] = {}
    for record in records:
        by_key.setdefault(record.key, []).append(record)
    for key, of_key in by_key.items():
        fold_owner(key, of_key, cluster.topics, ())
    return OF_FOLDING * max(1, len(records)) / max(time.perf_counter() - begun, 1e-6)
