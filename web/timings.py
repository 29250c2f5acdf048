"""How long answers take, for Prometheus."""

from functools import lru_cache

from litestar.types import HTTPScope
from prometheus_client import CollectorRegistry, Histogram

NO_ROUTE = "none"
"""What is said of a request that no route answered: its path is whatever somebody made up."""

KNOWN = frozenset({"GET", "HEAD", "POST", "DELETE", "OPTIONS", "PUT", "PATCH"})


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
