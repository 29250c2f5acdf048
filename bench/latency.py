"""Latency from the publication of an event to its visibility in the API, under a steady load."""

import asyncio
import random
import statistics
import time
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import NamedTuple

from bench.portal_client import PortalClient, sign_in
from bench.publishing import BenchPublisher
from bench.sample_log import WEEK, Json, begin, business, technician, week
from demo.portal_processes import PortalProcesses

A_SECOND = 500
WARM_UP_S = 5
SECONDS = 45
CUSTOMERS = 400
BUSINESS = "biz_bench"
SLUG = "biz-bench"
PROBE = "cus_probe"
DECADE = 520


class Latency(NamedTuple):
    """Percentiles in milliseconds, over so many probes."""

    p50: float
    p99: float
    samples: int


class Sizes(NamedTuple):
    """Bytes of a dashboard as it is served."""

    one_week: int
    ten_years: int


async def measure(processes: PortalProcesses) -> tuple[Latency, Sizes]:
    """Start a worker and the portal, and looks at dashboards."""
    now = datetime.now(UTC)
    processes.start("project")
    processes.start("serve")
    async with BenchPublisher(processes.bootstrap, processes.topics) as publisher:
        await publisher.send_all(history(now))
        await asyncio.to_thread(processes.wait_until_caught_up)
        await asyncio.to_thread(processes.wait_until_ready)
        sizes = Sizes(await _size(processes, "cus_week"), await _size(processes, "cus_decade"))
        load = asyncio.create_task(publisher.send_evenly(list(steady(now)), A_SECOND))
        try:
            async with await _visitor(processes, PROBE) as visitor:
                await asyncio.sleep(WARM_UP_S)
                return await _probe(publisher, visitor, load), sizes
        finally:
            load.cancel()


def history(now: datetime) -> Iterator[Json]:
    """Yield what there is before: customers with a week and ten years of visits, one to look at, many for the load."""
    at = now - DECADE * WEEK
    yield business(BUSINESS, at)
    for customer, weeks in (("cus_week", 1), ("cus_decade", DECADE), (PROBE, 0)):
        begun = now - weeks * WEEK
        yield from begin(BUSINESS, customer, begun)
        for number in range(weeks):
            yield from week(BUSINESS, customer, number, begun)
    yield next(week(BUSINESS, PROBE, 0, now + WEEK))
    for number in range(CUSTOMERS):
        yield from begin(BUSINESS, f"cus_{number}", at)


def steady(now: datetime) -> Iterator[Json]:
    """Yield the load: a week of each customer after the other, with their visits lying in the past."""
    left = (WARM_UP_S + SECONDS) * A_SECOND
    for number in range(DECADE):
        for customer in range(CUSTOMERS):
            for event in week(BUSINESS, f"cus_{customer}", number, now - DECADE * WEEK):
                yield event
                left -= 1
                if not left:
                    return


async def _visitor(processes: PortalProcesses, customer: str) -> PortalClient:
    return await sign_in(processes.url, processes.env["LOCAL_MAIL_API"], SLUG, f"{customer}@mail.test")


async def _size(processes: PortalProcesses, customer: str) -> int:
    async with await _visitor(processes, customer) as visitor:
        return len(await visitor.dashboard())


async def _probe(publisher: BenchPublisher, visitor: PortalClient, load: asyncio.Task[None]) -> Latency:
    """While the load lasts, publishes an event now and then and looks until it is there."""
    chance = random.Random(1)
    waits: list[float] = []
    while not load.done():
        name = f"Probe {len(waits)}"
        begun = time.perf_counter()
        await publisher.send(technician(BUSINESS, PROBE, 0, len(waits) + 2, datetime.now(UTC), name))
        await visitor.sees(f'"{name}"'.encode())
        waits.append((time.perf_counter() - begun) * 1000)
        await asyncio.sleep(chance.uniform(0.02, 0.08))
    cuts = statistics.quantiles(waits, n=100)
    return Latency(cuts[49], cuts[98], len(waits))
