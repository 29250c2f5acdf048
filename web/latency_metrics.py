"""Latency histogram of requests, for Prometheus."""

from bisect import bisect_left
from collections.abc import Iterator
from itertools import accumulate
from math import inf

from litestar.types import HTTPScope
from prometheus_client import CollectorRegistry
from prometheus_client.core import HistogramMetricFamily, Metric
from prometheus_client.registry import Collector
from prometheus_client.utils import floatToGoString

BUCKETS = (0.002, 0.005, 0.01, 0.02, 0.05, 0.1, 0.2, 0.5, 1.0, 2.0, 5.0, inf)
"""Up to how many seconds."""

NO_ROUTE = "none"
"""What is said of a request that no route answered: its path is whatever somebody made up."""

KNOWN = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})

Labels = tuple[str, str, str]
"""Method, route, kind of status."""


class RequestLatency(Collector):
    """Latency of responses, by route and kind of status; paths are not kept.

    Counted here, by the one thread that answers, and shown by prometheus-client: its own histogram locks twice.
    """

    def __init__(self, registry: CollectorRegistry) -> None:
        self._answers: dict[Labels, list[int]] = {}
        """How many there were, by bucket; routes are few."""
        self._seconds: dict[Labels, float] = {}
        registry.register(self)

    def __call__(self, method: str, scope: HTTPScope, status: int, seconds: float) -> None:
        """Record an answer."""
        route = scope.get("path_template") or NO_ROUTE
        labels = (method if method in KNOWN else "other", route, f"{status // 100}xx")
        answers = self._answers.get(labels)
        if answers is None:
            answers = self._answers[labels] = [0] * len(BUCKETS)
            self._seconds[labels] = 0.0
        answers[bisect_left(BUCKETS, seconds)] += 1
        self._seconds[labels] += seconds

    def collect(self) -> Iterator[Metric]:
        """Yield the histogram."""
        shown = HistogramMetricFamily(
            "portal_api_seconds",
            "How long the answers of the customers' service take, from the request to the end of the answer.",
            labels=["method", "route", "status"],
        )
        for labels, answers in self._answers.items():
            upto = zip(map(floatToGoString, BUCKETS), accumulate(answers), strict=True)
            shown.add_metric(labels, list(upto), self._seconds[labels])
        yield shown
