"""What processes measure, as Prometheus has it: taken from one process as plain values, shown by another."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from functools import lru_cache
from typing import Any

from litestar.types import HTTPScope
from prometheus_client import CollectorRegistry, Histogram
from prometheus_client.core import Metric
from prometheus_client.registry import Collector

NO_ROUTE = "none"
"""What is said of a request that no route answered: its path is whatever somebody made up."""

Snapshot = Sequence[Mapping[str, Any]]
"""`[{name, documentation, type, samples: [[name, labels, value]]}]`"""


def snapshot(registry: CollectorRegistry) -> Snapshot:
    """All that a process measured, as values that can be stored."""
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


class Together(Collector):
    """The snapshots of several processes, each with the labels that tell it from the others."""

    def __init__(self, snapshots: Iterable[tuple[Mapping[str, str], Snapshot]]) -> None:
        self._snapshots = list(snapshots)

    def collect(self) -> Iterator[Metric]:
        """The families, each with the samples of all processes."""
        families: dict[str, Metric] = {}
        for labels, families_of_one in self._snapshots:
            for one in families_of_one:
                family = families.setdefault(
                    one["name"], Metric(one["name"], one["documentation"], one["type"])
                )
                for name, own, value in one["samples"]:
                    family.add_sample(name, {**labels, **own}, value)
        yield from families.values()


class Timings:
    """How long answers take, by route and kind of status; paths are not kept."""

    def __init__(self, registry: CollectorRegistry) -> None:
        self._seconds = Histogram(
            "portal_api_seconds",
            "How long the answers of the customers' service take, from the request to the end of the answer.",
            ["method", "route", "status"],
            registry=registry,
            buckets=(0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1, 2, 5),
        )
        self._labelled = lru_cache(self._seconds.labels)
        """Routes, and so labels, are few; prometheus-client looks for them under a lock."""

    def __call__(self, method: str, scope: HTTPScope, status: int, seconds: float) -> None:
        """Notes an answer."""
        route = str(scope.get("path_template") or NO_ROUTE)
        labels = (method if method in KNOWN else "other", route, f"{status // 100}xx")
        self._labelled(*labels).observe(seconds)


KNOWN = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})
