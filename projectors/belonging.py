"""Whether a log and the views made from it can belong together (API.md, "Command line", its last paragraph)."""

from collections.abc import Iterable, Mapping
from typing import Any

from projectors.kafka import Cluster, Log, Place
from read_models.store import Store


class Broken(Exception):
    """Log and views do not belong together; the text says why and what to do."""


def reasons(
    cluster: Cluster,
    record: Mapping[str, Any],
    applied: Mapping[Place, int],
    beginnings: Mapping[Place, int],
    ends: Mapping[Place, int],
) -> list[str]:
    """Why they cannot; empty when they can. `record` is the generation's, offsets are those of next records."""
    found = []
    if record["cluster_id"] != cluster.id:
        found.append(f"the views were made from cluster {record['cluster_id']}, this is {cluster.id}")
    if record["partitions"] != cluster.topics.partitions:
        found.append(
            f"the views were made from {record['partitions']} partitions a topic, now there are"
            f" {cluster.topics.partitions}"
        )
    if late := _places(place for place, offset in beginnings.items() if offset > 0):
        found.append(f"the log does not begin at offset 0 in {late}")
    if short := _places(place for place, offset in applied.items() if offset > ends.get(place, offset)):
        found.append(f"the log is shorter than the views in {short}")
    return found


def require_whole(beginnings: Mapping[Place, int]) -> None:
    """Raise Broken when a log does not begin at offset 0: what was made from it would not be whole."""
    if late := _places(place for place, offset in beginnings.items() if offset > 0):
        raise Broken(f"the log does not begin at offset 0 in {late}: views made from it would not be whole")


async def check(store: Store, cluster: Cluster, log: Log) -> None:
    """Raise Broken when what is kept, the served generation first, was not made from this log."""
    pointer = await store.generations.pointer(store.version)
    if pointer is None:
        return
    kept = pointer.kept[0]
    record = await store.generations.record(kept) or {}
    lanes = range(cluster.topics.partitions)
    known = await store.writer().read([kept], lanes)
    applied = {
        (name, one.lane): one.offsets.get(short, 0)
        for one in known.values()
        for name, short in cluster.topics.short.items()
    }
    found = reasons(cluster, record, applied, await log.beginnings(lanes), await log.ends(lanes))
    if found:
        raise Broken("log and views do not belong together: " + "; ".join(found))


def _places(places: Iterable[Place]) -> str:
    return ", ".join(f"{topic}/{lane}" for topic, lane in sorted(places))
