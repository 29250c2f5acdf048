"""What is shown of how long answers took."""

from typing import Any, cast

from litestar.types import HTTPScope
from prometheus_client import CollectorRegistry

from web.latency_metrics import RequestLatency
from web.metric_snapshots import take_snapshot


def test_answers_are_counted_by_route_status_and_time() -> None:
    """Buckets hold all that took no longer; what no route answered, and methods made up, are not told apart."""
    registry = CollectorRegistry()
    timings = RequestLatency(registry)
    visits = cast("HTTPScope", {"path_template": "/{slug}/api/visits"})
    for seconds in (0.001, 0.002, 0.3, 7.0):
        timings("GET", visits, 200, seconds)
    timings("BREW", cast("HTTPScope", {}), 404, 0.001)

    def value(name: str, **labels: str) -> Any:
        return registry.get_sample_value(f"portal_api_seconds_{name}", labels)

    answered = {"method": "GET", "route": "/{slug}/api/visits", "status": "2xx"}
    assert [value("bucket", le=up_to, **answered) for up_to in ("0.002", "0.2", "0.5", "5.0", "+Inf")] == [
        2,
        2,
        3,
        3,
        4,
    ]
    assert value("count", **answered) == 4
    assert value("sum", **answered) == 7.303
    assert value("count", method="other", route="none", status="4xx") == 1
    assert [family["type"] for family in take_snapshot(registry)] == ["histogram"]
