"""`python -m bench [PART …]`: benchmarks on a stack of their own, in one run; prints a table, writes bench.json."""

import logging
import os
import platform
import sys
from collections.abc import Callable, Coroutine, Iterable, Mapping
from contextlib import ExitStack
from pathlib import Path
from typing import Any

import orjson
import uvloop
from rich.console import Console
from rich.table import Table

from bench import latency, page_weight, read_throughput, rebuild, throughput, timing_side_channel
from demo.portal_processes import PortalProcesses, RunFailed
from local_stack.errors import StackError
from local_stack.processes import Reaper
from local_stack.stack import Stack

RESULT = Path("bench.json")

Line = tuple[str, str, str]
"""What was measured, how much it is, the goal."""

Outcome = tuple[dict[str, Any], list[Line]]
"""For bench.json, and for the table."""


def main() -> int:
    """Run them; 0 whatever comes of it, 1 when something could not be measured, 2 for a part that there is not."""
    # A new topic has no leader for a moment; what is tried again until it works is no news.
    logging.getLogger("aiokafka").setLevel(logging.CRITICAL)
    chosen = sys.argv[1:] or list(PARTS)
    if unknown := [name for name in chosen if name not in PARTS]:
        print(f"bench: no part {', '.join(unknown)}: there are {', '.join(PARTS)}", file=sys.stderr)
        return 2
    results: dict[str, Any] = {"machine": {"cores": os.cpu_count(), "python": platform.python_version()}}
    lines: list[Line] = []
    try:
        with ExitStack() as open_ones:
            reaper = Reaper()
            open_ones.callback(reaper.release)
            stack = open_ones.enter_context(Stack())
            for name in chosen:
                with _portal_processes(stack, reaper, name) as processes:
                    measured, part = uvloop.run(PARTS[name](processes))
                results |= measured
                lines += part
    except (RunFailed, StackError) as problem:
        print(f"bench: {problem}", file=sys.stderr)
        return 1
    RESULT.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2) + b"\n")
    Console().print(table(lines))
    return 0


async def throughput_of(processes: PortalProcesses) -> Outcome:
    """Live events a second."""
    speed = await throughput.measure(processes)
    empty, by_hand = speed.worker / speed.empty_agent, speed.worker / speed.handwritten_agent
    measured = {
        "live_events_per_second": speed._asdict(),
        "worker_to_empty_agent": empty,
        "worker_to_handwritten_agent": by_hand,
    }
    return measured, [
        ("events/s, one worker", f"{speed.worker:,.0f}", ""),
        ("events/s, empty Faust agent", f"{speed.empty_agent:,.0f}", ""),
        ("events/s, hand-written Faust agent", f"{speed.handwritten_agent:,.0f}", ""),
        ("worker : empty agent", f"{empty:.2f}", "0.6, no less than 0.4"),
        ("worker : hand-written agent", f"{by_hand:.1f}", "at least 20"),
    ]


async def latency_of(processes: PortalProcesses) -> Outcome:
    """Measure the latency from an event to its visibility."""
    soon, size = await latency.measure(processes)
    measured = {
        "visible_ms_at_500_events_per_second": soon._asdict(),
        "dashboard_bytes": size._asdict(),
    }
    return measured, [
        ("visible at 500 events/s, p50", f"{soon.p50:.1f} ms", "at most 20 ms"),
        ("visible at 500 events/s, p99", f"{soon.p99:.1f} ms", "at most 60 ms"),
        ("dashboard after one week", f"{size.one_week:,} bytes", ""),
        ("dashboard after ten years", f"{size.ten_years:,} bytes", ""),
    ]


async def reading_of(processes: PortalProcesses) -> Outcome:
    """Return what a customer's requests cost."""
    costs, rates = await read_throughput.measure(processes)
    to_plain, to_constant = rates.dashboards / rates.plain, rates.dashboards / rates.constant
    measured = {
        "endpoints_after_ten_years": {path: cost._asdict() for path, cost in costs.items()},
        "answers_per_second": rates._asdict(),
        "dashboards_to_plain": to_plain,
        "dashboards_to_constant": to_constant,
    }
    return measured, [
        ("dashboards/s, one process", f"{rates.dashboards:,.0f}", ""),
        ("FastAPI + Motor find_one, no session", f"{rates.plain:,.0f}", ""),
        ("constant Litestar body", f"{rates.constant:,.0f}", ""),
        ("dashboards : FastAPI + Motor", f"{to_plain:.1f}", "at least 5"),
        ("dashboards : constant body", f"{to_constant:.2f}", "0.5, no less than 0.35"),
        *(
            (f"GET {path}", f"{cost.documents:,} documents, {cost.bytes:,} bytes", "")
            for path, cost in costs.items()
        ),
    ]


async def rebuild_of(processes: PortalProcesses) -> Outcome:
    """View made anew."""
    speed = await rebuild.speed(processes)
    to_best, to_hand = speed.rebuild / speed.best, speed.rebuild / speed.by_hand
    to_connector = speed.rebuild / speed.connector
    measured = {
        "rebuild_events_per_second": speed._asdict(),
        "rebuild_to_best": to_best,
        "rebuild_to_handwritten": to_hand,
        "rebuild_to_sink_connector": to_connector,
    }
    return measured, [
        ("events/s, rebuild by two processes", f"{speed.rebuild:,.0f}", ""),
        ("events/s, plain dicts by two processes", f"{speed.best:,.0f}", ""),
        ("events/s, hand-written consumer", f"{speed.by_hand:,.0f}", ""),
        ("events/s, MongoDB's sink connector", f"{speed.connector:,.0f}", ""),
        ("rebuild : plain dicts", f"{to_best:.2f}", "at least 0.5"),
        ("rebuild : hand-written consumer", f"{to_hand:.1f}", "at least 5"),
        ("rebuild : sink connector", f"{to_connector:.1f}", "at least 3"),
    ]


async def memory_of(processes: PortalProcesses) -> Outcome:
    """Return what a rebuild takes of memory."""
    took = await rebuild.memory(processes)
    ratio = took.much / took.little
    return {"rebuild_memory_bytes": took._asdict(), "rebuild_memory_ratio": ratio}, [
        (f"memory of a process, {rebuild.LITTLE:,} events", f"{took.little / 1e6:,.0f} MB", ""),
        (f"memory of a process, {rebuild.MUCH:,} events", f"{took.much / 1e6:,.0f} MB", ""),
        ("memory, ten times the events", f"{ratio:.2f}", "at most 1.5"),
    ]


async def enumeration_of(processes: PortalProcesses) -> Outcome:
    """Return whether times tell who is a customer."""
    times = await timing_side_channel.measure(processes)
    return {"enumeration": {name: one._asdict() for name, one in times.items()}}, [
        (
            f"POST {name}: a known address takes longer",
            f"{one.chance:.1%} ({one.known_ms:.2f} : {one.unknown_ms:.2f} ms, {one.sigmas:.1f} sigma)",
            "50 %, within 3 sigma",
        )
        for name, one in times.items()
    ]


async def pages_of(processes: PortalProcesses) -> Outcome:
    """Return what pages weigh, and how soon they begin."""
    costs = await page_weight.measure(processes)
    return {"pages_after_ten_years": {path: cost._asdict() for path, cost in costs.items()}}, [
        (
            f"page {path}",
            f"{cost.page_bytes:,} bytes ({cost.whole_bytes:,} whole), {cost.first_byte_ms:.0f} ms to the first",
            "whole at most 60,000 bytes",
        )
        for path, cost in costs.items()
    ]


PARTS: Mapping[str, Callable[[PortalProcesses], Coroutine[Any, Any, Outcome]]] = {
    "throughput": throughput_of,
    "latency": latency_of,
    "reading": reading_of,
    "rebuild": rebuild_of,
    "memory": memory_of,
    "enumeration": enumeration_of,
    "pages": pages_of,
}
"""By the name that chooses them; without one all are run."""


def table(lines: Iterable[Line]) -> Table:
    """Return the results beside their goals."""
    shown = Table(title=f"{os.cpu_count()} cores, all servers on them too", box=None)
    shown.add_column("benchmark")
    shown.add_column("measured", justify="right")
    shown.add_column("goal")
    for line in lines:
        shown.add_row(*line)
    return shown


def _portal_processes(stack: Stack, reaper: Reaper, name: str) -> PortalProcesses:
    """Return an installation of its own, with its topics."""
    env = {**stack.env, "PORTAL_TOPIC_PREFIX": f"{name}.", "PORTAL_MONGO_DATABASE": f"bench_{name}"}
    logs = stack.state / "logs" / name
    logs.mkdir()
    processes = PortalProcesses(env, logs, reaper.group)
    processes.run_command("topics", "create")
    return processes


if __name__ == "__main__":
    sys.exit(main())
