"""Page weight for a customer of ten years on a slow network: bytes and time to first byte."""

import asyncio
import re
import statistics
import time
from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from typing import NamedTuple

import httpx

from bench.publishing import BenchPublisher
from bench.read_throughput import BUSINESS, DECADE, DECADE_WEEKS, PHOTOS, SLUG, signed_in
from bench.sample_log import WEEK, Json, begin, business, week
from demo.portal_processes import PortalProcesses, RunFailed
from read_models.store import ReadModelStore

ROUNDS = 25
"""Requests of each page, one after the other."""

LAST = DECADE_WEEKS - 1

PATHS = (
    "",
    "visits",
    f"visits/vis_{DECADE}_{LAST}",
    f"visits/vis_{DECADE}_{LAST}/proof",
    "invoices",
    f"invoices/inv_{DECADE}_{LAST}",
    "payments",
    "contracts",
    f"contracts/con_{DECADE}",
    f"contracts/con_{DECADE}/visits?counted=late",
    "subscriptions",
    "activity",
    "account",
    "sign-in",
)
"""Below `/{slug}/`."""

ASSET = re.compile(r'(?:href|src)="(/-/[^"]+)"')


class PageCost(NamedTuple):
    """Cost of one page; photos and the logo are not counted."""

    page_bytes: int
    """As it travels, compressed."""
    whole_bytes: int
    """With its styles and scripts, which browsers then keep."""
    first_byte_ms: float
    """Median, on a connection that is open already."""


async def measure(processes: PortalProcesses) -> Mapping[str, PageCost]:
    """Projects ten years of one customer, and looks at every page."""
    now = datetime.now(UTC)
    processes.start("project")
    processes.start("serve")
    async with BenchPublisher(processes.bootstrap, processes.topics) as publisher:
        await publisher.send_all(log(now))
    await asyncio.to_thread(processes.wait_until_caught_up)
    await asyncio.to_thread(processes.wait_until_ready)
    store = await ReadModelStore.connect(
        processes.env["PORTAL_MONGO_URL"], processes.env["PORTAL_MONGO_DATABASE"]
    )
    try:
        cookie = await signed_in(store, DECADE, now)
    finally:
        await store.close()
    headers = {"Accept-Encoding": "gzip"}
    async with httpx.AsyncClient(base_url=processes.url, headers=headers, trust_env=False) as browser:
        kept: dict[str, int] = {}
        return {
            f"/{path}": await cost_of(browser, f"/{SLUG}/{path}", cookie, kept, signed_out=path == "sign-in")
            for path in PATHS
        }


def log(now: datetime) -> Iterator[Json]:
    """Yield a customer of ten years with a visit a week and three photos of each."""
    at = now - DECADE_WEEKS * WEEK
    yield business(BUSINESS, at)
    yield from begin(BUSINESS, DECADE, at)
    for number in range(DECADE_WEEKS):
        yield from week(BUSINESS, DECADE, number, at, PHOTOS)


async def cost_of(
    browser: httpx.AsyncClient, path: str, cookie: str, kept: dict[str, int], *, signed_out: bool
) -> PageCost:
    """Return a page, several times over; `kept` holds the sizes of assets that were loaded before."""
    headers = {} if signed_out else {"Cookie": cookie}
    waits = []
    for _ in range(ROUNDS):
        begun = time.perf_counter()
        async with browser.stream("GET", path, headers=headers) as answer:
            waits.append(time.perf_counter() - begun)
            size = len(b"".join([piece async for piece in answer.aiter_raw()]))
    page = await browser.get(path, headers=headers)
    if page.status_code != httpx.codes.OK:
        raise RunFailed(f"{path} answers {page.status_code}")
    for asset in set(ASSET.findall(page.text)) - kept.keys():
        kept[asset] = int((await browser.get(asset)).headers["Content-Length"])
    whole = size + sum(kept[asset] for asset in set(ASSET.findall(page.text)))
    return PageCost(size, whole, statistics.median(waits) * 1000)
