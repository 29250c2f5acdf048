"""Prometheus exposition of lag, quarantine, rebuilds and the metrics that all processes report."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Final

from prometheus_client import CollectorRegistry, generate_latest
from prometheus_client.core import GaugeMetricFamily, Metric
from prometheus_client.exposition import CONTENT_TYPE_LATEST
from prometheus_client.registry import Collector

from projectors.lag import BY_GRAVITY, Lag
from projectors.staff.alerts import is_alive
from projectors.staff.service import Overview, StaffService
from web.metric_snapshots import MergedSnapshots

CONTENT_TYPE: Final = CONTENT_TYPE_LATEST

Samples = Iterable[tuple[Mapping[str, str], float | None]]


async def exposition(service: StaffService) -> bytes:
    """Return all metrics in Prometheus' text format; unknown values have no sample instead of 0."""
    found = await service.overview()
    registry = CollectorRegistry()
    registry.register(_LagCollector(found, service.clock()))
    registry.register(
        MergedSnapshots(
            ({"process": one.id, "kind": one.kind, "host": one.host}, one.metrics)
            for one in found.processes or ()
        )
    )
    return generate_latest(registry)


class _LagCollector(Collector):
    """Prometheus collector over the lag that the staff surface measures."""

    def __init__(self, overview: Overview, now: datetime) -> None:
        self._overview = overview
        self._now = now

    def collect(self) -> Iterator[Metric]:
        """Yield the current metrics."""
        found = self._overview
        yield from lag_metrics(found.lag)
        letters = [
            ({"kind": one.kind, "lane": str(lane)}, float(count))
            for one in found.errors or ()
            for lane, count in one.by_lane.items()
        ]
        summed: dict[tuple[str, str], float] = {}
        for labels, count in letters:
            key = labels["kind"], labels["lane"]
            summed[key] = summed.get(key, 0.0) + count
        yield _gauge(
            "portal_dead_letters",
            "Dead letters, of any generation: unreadable records, and events that hold their customer.",
            [({"kind": kind, "lane": lane}, count) for (kind, lane), count in sorted(summed.items())],
        )
        for name, documentation in (
            ("records_done", "Records that a rebuild has filled."),
            ("records_total", "Records that a rebuild has to fill."),
            ("events_per_second", "How fast a rebuild is."),
            ("eta_seconds", "How long a rebuild still takes."),
        ):
            yield _gauge(
                f"portal_rebuild_{name}",
                documentation,
                [
                    ({"generation": str(one.generation), "state": one.state}, getattr(one, name))
                    for one in found.rebuilds or ()
                ],
            )
        yield _gauge(
            "portal_process_last_beat_timestamp_seconds",
            "When a process last said that it runs.",
            [
                ({"process": one.id, "kind": one.kind, "host": one.host}, one.seen_at.timestamp())
                for one in found.processes or ()
            ],
        )
        yield _gauge(
            "portal_lane_held",
            "1 for the process that holds a lane, while it says that it runs.",
            [
                ({"process": one.id, "lane": lane}, 1.0)
                for one in found.processes or ()
                if is_alive(one.seen_at, self._now)
                for lane in one.lanes
            ],
        )


def lag_metrics(lag: Lag) -> Iterator[Metric]:
    """Yield the lag as gauges."""
    whole: Mapping[str, str] = {}
    yield _gauge(
        "portal_lag_state",
        "1 for the state that the installation is in.",
        [({"state": state}, float(lag.state == state)) for state in BY_GRAVITY],
    )
    for name, documentation, value in (
        ("portal_generation", "The generation that is served.", lag.generation),
        ("portal_records_waiting_for_holds", "Records that wait for a hold to end.", lag.waiting),
        ("portal_dead_letters_served", "Dead letters of what is served.", lag.dead_letters),
        ("portal_gaps", "Numbers that are missing in what was published.", lag.gaps),
        ("portal_skipped", "Events of types that this version does not know.", lag.skipped),
    ):
        yield _gauge(name, documentation, [(whole, value)])
    places = [({"topic": one.topic, "partition": str(one.partition)}, one) for one in lag.partitions]
    yield _gauge(
        "portal_lag_records",
        "Records not applied yet.",
        [(labels, one.records) for labels, one in places],
    )
    yield _gauge(
        "portal_lag_seconds",
        "Age of the oldest record not applied yet; 0 when there is none.",
        [(labels, one.seconds) for labels, one in places],
    )


def _gauge(name: str, documentation: str, samples: Samples) -> Metric:
    known = [(labels, value) for labels, value in samples if value is not None]
    names = list(known[0][0]) if known else []
    family = GaugeMetricFamily(name, documentation, labels=names)
    for labels, value in known:
        family.add_metric([labels[one] for one in names], value)
    return family
