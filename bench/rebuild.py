"""A rebuild's records a second against what the machine can do at best and what others do; its memory."""

import asyncio
import os
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from itertools import islice
from typing import Any, NamedTuple

import orjson
import psutil
from pymongo import AsyncMongoClient

from bench import kafka_connect
from bench.publishing import BenchPublisher
from bench.sample_log import WEEK, Json, begin, business, week
from demo.portal_processes import PORTAL_COMMAND, PortalProcesses, RunFailed
from events.topics import DEFAULT_PARTITIONS

CUSTOMERS = 2_000
EVENTS = 200_000
WORKERS = 2
LITTLE, MUCH = 300_000, 3_000_000
EVERY_S = 0.1
WITHIN_S = 1800.0


class Speed(NamedTuple):
    """Records a second, over the same log."""

    rebuild: float
    best: float
    by_hand: float
    connector: float


class Memory(NamedTuple):
    """The most that one process of a rebuild takes, in bytes, by the events of the log."""

    little: int
    much: int


async def speed(processes: PortalProcesses) -> Speed:
    """Publish the log, then lets each read it from its beginning, one after the other."""
    async with BenchPublisher(processes.bootstrap, processes.topics) as publisher:
        events = await publisher.send_all(log(CUSTOMERS, EVENTS))
    halves = [range(number, DEFAULT_PARTITIONS, WORKERS) for number in range(WORKERS)]
    await _at_rest(processes)
    best = await _read("best", halves, processes.env)
    await _at_rest(processes)
    by_hand = await _read("by_hand", [range(DEFAULT_PARTITIONS)], processes.env)
    await _at_rest(processes)
    copied = await kafka_connect.measure(processes, events)
    await _at_rest(processes)
    filled, _ = await _rebuild(processes)
    return Speed(filled, best, by_hand, copied)


async def _at_rest(processes: PortalProcesses) -> None:
    """Have the database write out what came before: in the background it would take of what is measured next."""
    async with AsyncMongoClient[dict[str, Any]](processes.env["PORTAL_MONGO_URL"]) as client:
        for name in ("best", "by_hand", kafka_connect.COLLECTION):
            await client[processes.env["PORTAL_MONGO_DATABASE"]].drop_collection(name)
        await client.admin.command("fsync")


async def memory(processes: PortalProcesses) -> Memory:
    """Rebuilds a log, and again when it is ten times as long; each customer has 100 events in the end."""
    found = []
    events = log(MUCH // 100, MUCH)
    async with BenchPublisher(processes.bootstrap, processes.topics) as publisher:
        for more in (LITTLE, MUCH - LITTLE):
            await publisher.send_all(islice(events, more))
            found.append((await _rebuild(processes))[1])
    return Memory(*found)


def log(customers: int, events: int) -> Iterator[Json]:
    """So many events, week by week."""
    weeks = (events // customers - 3) // 7 + 1
    at = datetime.now(UTC) - weeks * WEEK
    names = [f"cus_{number}" for number in range(customers)]
    left = events

    def every() -> Iterator[Json]:
        yield business("biz_bench", at)
        for name in names:
            yield from begin("biz_bench", name, at)
        for number in range(weeks):
            for name in names:
                yield from week("biz_bench", name, number, at)

    for event in every():
        yield event
        left -= 1
        if not left:
            return


async def _read(kind: str, parts: list[range], env: Mapping[str, str]) -> float:
    async with asyncio.timeout(WITHIN_S):
        found = await asyncio.gather(*(_reader(kind, lanes, env) for lanes in parts))
    elapsed = max(one["ended"] for one in found) - min(one["begun"] for one in found)
    return float(sum(one["records"] for one in found) / elapsed)


async def _reader(kind: str, lanes: range, env: Mapping[str, str]) -> dict[str, float]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.consumer_baselines", kind, ",".join(map(str, lanes))),
        env={**os.environ, **env},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        said, errors = await process.communicate()
    finally:
        if process.returncode is None:
            process.kill()
    if process.returncode:
        raise RunFailed(f"the reader {kind} failed:\n{errors.decode(errors='replace')[-2000:]}")
    return dict(orjson.loads(said))


async def _rebuild(processes: PortalProcesses) -> tuple[float, int]:
    """Record a second from the first claim of a lane to the last lane that is filled; the most memory."""
    process = await asyncio.create_subprocess_exec(
        *(PORTAL_COMMAND, "rebuild", "--workers", str(WORKERS), "--restart"),
        env={**os.environ, **processes.env},
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.DEVNULL,
        stderr=asyncio.subprocess.PIPE,
    )
    try:
        async with asyncio.timeout(WITHIN_S):
            watching = asyncio.create_task(_watch(processes, process))
            _, errors = await process.communicate()
            if process.returncode:
                raise RunFailed(f"`portal rebuild` failed:\n{errors.decode(errors='replace')[-2000:]}")
            return await watching
    finally:
        if process.returncode is None:
            process.kill()


async def _watch(processes: PortalProcesses, process: asyncio.subprocess.Process) -> tuple[float, int]:
    begun, most, workers = 0.0, 0, list[psutil.Process]()
    async with AsyncMongoClient[dict[str, Any]](processes.env["PORTAL_MONGO_URL"]) as client:
        checkpoints = client[processes.env["PORTAL_MONGO_DATABASE"]]["checkpoints"]
        while True:
            lanes = await checkpoints.find({}, {"filled": 1, "filling.claimed_at": 1}).to_list(None)
            now = time.perf_counter()
            left = [lane["filling"] for lane in lanes if "filling" in lane]
            if len(workers) < WORKERS:
                # To look for them costs as much as to fold some hundreds of events.
                workers = _children(process.pid)
            most = max([most, *_memory(workers)])
            if not begun and any(one["claimed_at"] for one in left):
                begun = now
            if begun and not left:
                return sum(lane["filled"] for lane in lanes) / (now - begun), most
            if process.returncode is not None:
                raise RunFailed("`portal rebuild` ended before anything was seen of it")
            await asyncio.sleep(EVERY_S)


def _children(pid: int) -> list[psutil.Process]:
    try:
        return psutil.Process(pid).children()
    except psutil.NoSuchProcess:
        return []


def _memory(processes: Sequence[psutil.Process]) -> list[int]:
    found = []
    for process in processes:
        try:
            found.append(process.memory_info().rss)
        except psutil.NoSuchProcess:
            continue
    return found
