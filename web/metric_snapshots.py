"""Snapshots of Prometheus metrics: taken in one process as plain values, exposed by another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from prometheus_client import CollectorRegistry
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

Snapshot = Sequence[Mapping[str, Any]]
"""`[{name, documentation, type, samples: [[name, labels, value]]}]`"""


def take_snapshot(registry: CollectorRegistry) -> Snapshot:
    """Return all that a process measured, as values that can be stored."""
    return [
        {
            "name": family.name,
            "documentation": family.documentation,
            "type": family.type,
            "samples": [
                [one.name, dict(one.labels), one.value]
                for one in family.samples
                if not one.name.endswith("_created")
            ],
        }
        for family in registry.collect()
    ]


class MergedSnapshots(Collector):
    """The snapshots of several processes, each with the labels that tell it from the others."""

    def __init__(self, snapshots: Iterable[tuple[Mapping[str, str], Snapshot]]) -> None:
        self._snapshots = list(snapshots)

    def collect(self) -> Iterator[Metric]:
        """Yield the families, each with the samples of all processes."""
        families: dict[str, Metric] = {}
        for labels, families_of_one in self._snapshots:
            for one in families_of_one:
                family = families.setdefault(
                    one["name"], Metric(one["name"], one["documentation"], one["type"])
                )
                for name, own, value in one["samples"]:
                    family.add_sample(name, {**labels, **own}, value)
        yield from families.values()
