"""Live events a second: one worker, an empty Faust agent and one written by hand, over the same log."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import Any, NamedTuple

import orjson
from pymongo import AsyncMongoClient

from bench.publishing import BenchPublisher
from bench.sample_log import WEEK, Json, begin, business, week
from demo.portal_processes import PortalProcesses, RunFailed

CUSTOMERS = 400
WEEKS = 18
BY_HAND_EVENTS = 4_000
ROUNDS = 3
EVERY_S = 0.05
WITHIN_S = 300.0


class Throughput(NamedTuple):
    """Events a second, the median of `ROUNDS`."""

    worker: float
    empty_agent: float
    handwritten_agent: float


async def measure(processes: PortalProcesses) -> Throughput:
    """Publish the log, then lets each of the three read it from its beginning, in turn, again and again.

    What else the machine does meanwhile hits all of them. Each time they begin with an empty database.
    """
    async with BenchPublisher(processes.bootstrap, processes.topics) as publisher:
        events = await publisher.send_all(log())
    database, rounds = processes.env["PORTAL_MONGO_DATABASE"], []
    for number in range(ROUNDS):
        processes.env["PORTAL_MONGO_DATABASE"] = f"{database}_{number}"
        empty = await _agent("empty", events, processes.env)
        handwritten = await _agent("handwritten", BY_HAND_EVENTS, processes.env)
        processes.start("project")
        rounds.append((await _applied(events, processes), empty, handwritten))
        await asyncio.to_thread(processes.stop, "project")
    return Throughput(*map(statistics.median, zip(*rounds, strict=True)))


def log() -> Iterator[Json]:
    """Yield some weeks of many customers, week by week."""
    at = datetime.now(UTC) - WEEKS * WEEK
    yield business("biz_bench", at)
    customers = [f"cus_{number}" for number in range(CUSTOMERS)]
    for customer in customers:
        yield from begin("biz_bench", customer, at)
    for number in range(WEEKS):
        for customer in customers:
            yield from week("biz_bench", customer, number, at)


async def _agent(kind: str, events: int, env: Mapping[str, str]) -> float:
    agent = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.faust_baselines", kind),
        env={**os.environ, **env, "BENCH_EVENTS": str(events)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            said, errors = await agent.communicate()
    finally:
        if agent.returncode is None:
            agent.kill()
    if agent.returncode:
        raise RunFailed(f"the {kind} agent failed:\n{errors.decode(errors='replace')[-2000:]}")
    return float(orjson.loads(said)["events_per_second"])


async def _applied(events: int, processes: PortalProcesses) -> float:
    """Return the rate from the first batch that is seen in the views to the last."""
    first: tuple[int, float] | None = None
    async with AsyncMongoClient[dict[str, Any]](processes.env["PORTAL_MONGO_URL"]) as client:
        checkpoints = client[processes.env["PORTAL_MONGO_DATABASE"]]["checkpoints"]
        async with asyncio.timeout(WITHIN_S):
            while True:
                lanes = await checkpoints.find().to_list(None)
                applied, now = sum(sum(lane["offsets"].values()) for lane in lanes), time.perf_counter()
                if applied and first is None:
                    first = applied, now
                if applied >= events and first is not None:
                    return (applied - first[0]) / (now - first[1])
                processes.check_running()
                await asyncio.sleep(EVERY_S)
