"""Read cost of each endpoint for a customer of ten years, and dashboards per second beside two baselines."""

import asyncio
import os
import statistics
import sys
import time
from collections.abc import AsyncIterator, Iterator, Mapping, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, NamedTuple

import httpx
from pymongo import AsyncMongoClient

from bench.http_baselines import RIVALS
from bench.load_generator import LoadGenerator
from bench.publishing import BenchPublisher
from bench.sample_log import WEEK, Json, begin, business, week
from demo.portal_processes import PortalProcesses, RunFailed
from local_stack.processes import Ports
from query_api.sign_in.codes import new_id
from query_api.sign_in.cookies import session_cookie_name
from read_models.store import ReadModelStore
from read_models.store.operational import OperationalStore, SessionRecord
from web.tokens import digest, new_token

BUSINESS, SLUG = "biz_bench", "biz-bench"
DECADE, DECADE_WEEKS, PHOTOS = "cus_decade", 520, 3
CUSTOMERS, WEEKS = 320, 12
CONNECTIONS = 32
ROUNDS, WARM_UP_S, SECONDS = 3, 1.0, 4.0
READY_WITHIN_S = 60.0

PATHS = (
    "portal",
    "appointments",
    "visits?limit=100",
    "visits/{visit}",
    "visits/{visit}/proof",
    "visits/{visit}/calendar.ics",
    "invoices?limit=100",
    "invoices/{invoice}",
    "payments?limit=100",
    "subscriptions",
    "subscriptions/sub_cus_decade",
    "contracts",
    "contracts/con_cus_decade",
    "contracts/con_cus_decade/visits?counted=on_time&limit=100",
    "activity",
    "export",
    "export?format=csv",
)
"""Below `/{slug}/api/`."""


class RequestCost(NamedTuple):
    """Cost of one request: queries of the views, documents read for them, bytes of the response."""

    questions: int
    documents: int
    bytes: int


class Rates(NamedTuple):
    """Answers a second of one process, 32 connections."""

    dashboards: float
    plain: float
    constant: float


async def measure(processes: PortalProcesses) -> tuple[Mapping[str, RequestCost], Rates]:
    """Projects the log, then asks for everything once, and for dashboards as fast as they come."""
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
        names = [f"cus_{number}" for number in range(CUSTOMERS)]
        cookies = {name: await signed_in(store, name, now) for name in [DECADE, *names]}
    finally:
        await store.close()
    costs = await costs_of(processes, cookies[DECADE])
    return costs, await rates(processes, [cookies[name] for name in names])


def log(now: datetime) -> Iterator[Json]:
    """Yield a customer of ten years with three photos a visit, and many customers of some weeks."""
    yield business(BUSINESS, now - DECADE_WEEKS * WEEK)
    for customer, weeks, photos in (
        (DECADE, DECADE_WEEKS, PHOTOS),
        *((f"cus_{number}", WEEKS, 1) for number in range(CUSTOMERS)),
    ):
        at = now - weeks * WEEK
        yield from begin(BUSINESS, customer, at)
        for number in range(weeks):
            yield from week(BUSINESS, customer, number, at, photos)


async def signed_in(store: ReadModelStore, customer: str, now: datetime) -> str:
    """Return a session of a customer, as the cookie that a browser sends."""
    token = new_token()
    record = SessionRecord(
        token=digest(token),
        id=new_id(),
        business=BUSINESS,
        customer=customer,
        address=f"{customer}@mail.test",
        device="",
        started_at=now,
        seen_at=now,
        gone_at=now + timedelta(days=1),
    )
    await OperationalStore(store.database).sessions.start(record)
    return f"{session_cookie_name(SLUG)}={token}"


async def costs_of(processes: PortalProcesses, cookie: str) -> dict[str, RequestCost]:
    """Return every endpoint once, while the database writes down what it is asked."""
    number = DECADE_WEEKS - 1
    places = {"visit": f"vis_{DECADE}_{number}", "invoice": f"inv_{DECADE}_{number}"}
    costs = {}
    async with (
        AsyncMongoClient[dict[str, Any]](processes.env["PORTAL_MONGO_URL"]) as client,
        httpx.AsyncClient(base_url=processes.url, headers={"Cookie": cookie}, trust_env=False) as browser,
    ):
        database = client[processes.env["PORTAL_MONGO_DATABASE"]]
        for path in PATHS:
            await database["system.profile"].drop()
            await database.command("profile", 2)
            answer = await browser.get(f"/{SLUG}/api/{path.format_map(places)}", timeout=60)
            await database.command("profile", 0)
            if answer.status_code != httpx.codes.OK:
                raise RunFailed(f"{path} answers {answer.status_code}")
            of_views = {"ns": f"{database.name}.views_1", "op": {"$in": ["query", "getmore"]}}
            asked = await database["system.profile"].find(of_views).to_list(None)
            documents = sum(one.get("docsExamined", 0) for one in asked)
            costs[path] = RequestCost(len(asked), documents, len(answer.content))
    return costs


async def rates(processes: PortalProcesses, cookies: Sequence[str]) -> Rates:
    """Return one after the other, several times; the median of each."""
    portal = [request(processes.url, f"/{SLUG}/api/portal", cookie) for cookie in cookies]
    size = len((await LoadGenerator(processes.url, portal[:1], 1).once()).body)
    async with AsyncExitStack() as stack:
        urls = [
            await stack.enter_async_context(serving(kind, processes.env | {"BENCH_BYTES": str(size)}))
            for kind in RIVALS
        ]
        paths = [f"/{BUSINESS}/cus_{number}" for number in range(CUSTOMERS)]
        loads = [LoadGenerator(processes.url, portal, CONNECTIONS)] + [
            LoadGenerator(url, [request(url, path) for path in paths], CONNECTIONS) for url in urls
        ]
        for load in loads:
            await load.run(WARM_UP_S)
        measured = [[await load.run(SECONDS) for load in loads] for _ in range(ROUNDS)]
    return Rates(*(statistics.median(one) for one in zip(*measured, strict=True)))


def request(url: str, path: str, cookie: str = "") -> bytes:
    """Return a GET as it goes over the wire."""
    sent = f"Cookie: {cookie}\r\n" if cookie else ""
    return f"GET {path} HTTP/1.1\r\nHost: {url.removeprefix('http://')}\r\n{sent}\r\n".encode()


@asynccontextmanager
async def serving(kind: str, env: Mapping[str, str]) -> AsyncIterator[str]:
    """Yield a rival's address, while it serves."""
    ports = Ports()
    port = ports.take()
    url = f"http://127.0.0.1:{port}"
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "bench.http_baselines", kind, str(port)), env={**os.environ, **env}
    )
    try:
        deadline = time.monotonic() + READY_WITHIN_S
        async with httpx.AsyncClient(trust_env=False) as client:
            while True:
                try:
                    await client.get(f"{url}/{BUSINESS}/cus_0")
                    break
                except httpx.TransportError:
                    if process.returncode is not None or time.monotonic() > deadline:
                        raise RunFailed(f"the rival `{kind}` does not serve") from None
                    await asyncio.sleep(0.1)
        yield url
    finally:
        if process.returncode is None:
            process.terminate()
            await process.wait()
        ports.release()
