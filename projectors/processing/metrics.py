"""Metrics of a live worker, for `/metrics`."""

from collections.abc import Iterator

from prometheus_client import CollectorRegistry
from prometheus_client.core import CounterMetricFamily, Metric
from prometheus_client.registry import Collector

from projectors.processing.projector import Projector


class _ProjectorCollector(Collector):
    """Prometheus collector over the projector's own counters."""

    def __init__(self, applier: Projector) -> None:
        self._applier = applier

    def collect(self) -> Iterator[Metric]:
        """Yield the current counters."""
        for name, documentation, value in (
            ("events", "Records that a worker applied.", self._applier.applied),
            ("transaction_retries", "Transactions that were tried again.", self._applier.retries),
            (
                "lost_compares",
                "Batches that met another writer's revision.",
                self._applier.revision_conflicts,
            ),
        ):
            yield CounterMetricFamily(f"portal_projector_{name}", documentation, value=value)


def registry_of(applier: Projector) -> CollectorRegistry:
    """Return all that is measured of an applier's work."""
    registry = CollectorRegistry()
    registry.register(_ProjectorCollector(applier))
    registry.register(applier.batch_seconds)
    return registry
