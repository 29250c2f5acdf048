"""`python -m bench`: every benchmark on a stack of its own, in one run; prints a table and writes bench.json."""

import logging
import os
import platform
import sys
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import uvloop
from rich.console import Console
from rich.table import Table

from bench import latency, throughput
from demo.stage import Problem, Stage
from local_stack.errors import StackError
from local_stack.processes import Guard
from local_stack.stack import Stack

RESULT = Path("bench.json")


def main() -> int:
    """Runs them; 0 whatever comes of it, 1 when something could not be measured."""
    # A new topic has no leader for a moment; what is tried again until it works is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    try:
        with ExitStack() as open_ones:
            guard = Guard()
            open_ones.callback(guard.release)
            stack = open_ones.enter_context(Stack())
            with _stage(stack, guard, "fast") as stage:
                speed = uvloop.run(throughput.measure(stage))
            with _stage(stack, guard, "soon") as stage:
                soon, sizes = uvloop.run(latency.measure(stage))
    except (Problem, StackError) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    results = {
        "machine": {"cores": os.cpu_count(), "python": platform.python_version()},
        "live_events_per_second": speed._asdict(),
        "worker_to_empty_agent": speed.worker / speed.empty_agent,
        "worker_to_handwritten_agent": speed.worker / speed.handwritten_agent,
        "visible_ms_at_500_events_per_second": soon._asdict(),
        "dashboard_bytes": sizes._asdict(),
    }
    RESULT.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2) + b"\n")
    Console().print(table(results))
    return 0


def table(results: dict[str, Any]) -> Table:
    """The results beside their goals."""
    speed, soon = results["live_events_per_second"], results["visible_ms_at_500_events_per_second"]
    size = results["dashboard_bytes"]
    shown = Table(title=f"{results['machine']['cores']} cores, all servers on them too", box=None)
    shown.add_column("benchmark")
    shown.add_column("measured", justify="right")
    shown.add_column("goal")
    for name, measured, goal in (
        ("events/s, one worker", f"{speed['worker']:,.0f}", ""),
        ("events/s, empty Faust agent", f"{speed['empty_agent']:,.0f}", ""),
        ("events/s, hand-written Faust agent", f"{speed['handwritten_agent']:,.0f}", ""),
        ("worker : empty agent", f"{results['worker_to_empty_agent']:.2f}", "0.6, no less than 0.4"),
        ("worker : hand-written agent", f"{results['worker_to_handwritten_agent']:.1f}", "at least 20"),
        ("visible at 500 events/s, p50", f"{soon['p50']:.1f} ms", "at most 20 ms"),
        ("visible at 500 events/s, p99", f"{soon['p99']:.1f} ms", "at most 60 ms"),
        ("dashboard after one week", f"{size['one_week']:,} bytes", ""),
        ("dashboard after ten years", f"{size['ten_years']:,} bytes", ""),
    ):
        shown.add_row(name, measured, goal)
    return shown


def _stage(stack: Stack, guard: Guard, name: str) -> Stage:
    """An installation of its own, with its topics."""
    env = {**stack.env, "PORTAL_TOPIC_PREFIX": f"{name}.", "PORTAL_MONGO_DATABASE": f"bench_{name}"}
    logs = stack.state / "logs" / name
    logs.mkdir()
    stage = Stage(env, logs, guard.group)
    stage.run("topics", "create")
    return stage


if __name__ == "__main__":
    sys.exit(main())
