"""The sample log through real servers, in any legal order: its customers see what was published with it."""

import asyncio
from collections.abc import Mapping, Sequence
from contextvars import ContextVar
from datetime import UTC, datetime
from functools import partial
from itertools import chain, groupby, product, zip_longest
from random import Random
from typing import NamedTuple

import httpx
import orjson
import pytest

from query_api.app import create_app
from query_api.config import QueryApiConfig, SignInLimits
from tests.harness.portal_installation import Installation, Installations, Process, until
from tests.integration.harness.customer_surface import URL, Browser, DeliveredMail, empty_mailbox, running
from tests.integration.harness.live_worker import (
    SAMPLE,
    checkpoints,
    expected,
    lanes_held,
    level,
    publish,
    stored,
)
from tests.support.log_permutations import Mode, interleaved, renamed, renamed_address, repeated
from tests.support.random_events import Json, Log
from tests.support.soak import of_run

LOG: Log = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()]
EXPECTED: Json = orjson.loads(SAMPLE.with_suffix(".expected.json").read_bytes())
CUSTOMERS: Mapping[str, Json] = EXPECTED["customers"]
SHUFFLES = of_run(soak=50, check=6)
WORKERS, BATCHES = (1, 3, 5), (1000, 7, 1)
WAYS = of_run(soak=list(product(WORKERS, BATCHES)), check=list(zip(WORKERS, BATCHES, strict=True)))
"""Each starts its workers anew."""

MODES: Sequence[Mode] = ("structured", "binary")
ANY = 1_000_000


class Run(NamedTuple):
    """How one copy of the log goes through the stack."""

    partitions: int
    workers: int
    batch: int
    mode: Mode
    number: int

    @property
    def suffix(self) -> str:
        """Of its businesses' ids and slugs, and of its people's addresses."""
        return f"-{self.number}" if self.number else ""

    def log(self) -> Log:
        """Number 0 as it was published, the others in another legal order."""
        if not self.number:
            return LOG
        random = Random(self.number)
        return renamed(interleaved(repeated(LOG, random, 0.1), random), self.suffix)


def drawn() -> list[Run]:
    random = Random(4)
    ways = ((random.choice((4, 12)), *random.choice(WAYS), random.choice(MODES)) for _ in range(SHUFFLES))
    shuffles = [Run(*way, number) for number, way in enumerate(ways, start=1)]
    return sorted([Run(12, 1, 1000, "structured", 0), *shuffles])


@pytest.mark.parametrize("partitions", [4, 12])
async def test_every_customer_sees_what_is_published_with_the_log(
    installation: Installations, partitions: int
) -> None:
    """Several copies at a time, by as many workers and in batches as large as was drawn for them."""
    one = await installation(PORTAL_PARTITIONS=str(partitions))
    await one.create_topics()
    portal = Portal(one)
    await empty_mailbox(one.env["LOCAL_MAIL_API"])
    log: list[bytes] = []
    async with running(portal.app):
        mine = [run for run in drawn() if run.partitions == partitions]
        for (workers, batch), group in groupby(mine, key=lambda run: run[1:3]):
            runs = list(group)
            projects = await started(one, workers, batch)
            before = await transactions(one)
            published = await publish_together(one, runs)
            log += published
            await level(one, len(log))
            assert await transactions(one) - before >= len(published) / batch
            await until(portal.ready, "views to serve")
            shown = await asyncio.gather(*(portal.shows(run) for run in runs))
            assert dict(zip(runs, shown, strict=True)) == {run: expected_of(run) for run in runs}
            assert [await project.stop() for project in projects] == [0] * workers
    assert await stored(one) == expected(log)


async def started(one: Installation, workers: int, batch: int) -> list[Process]:
    """So many workers, when all lanes are held, by as many of them as there are lanes."""
    projects = [one.start("project", PORTAL_BATCH_EVENTS=str(batch)) for _ in range(workers)]
    lanes = int(one.env["PORTAL_PARTITIONS"])

    def shared() -> bool:
        held = [lanes_held(project) for project in projects]
        return sum(map(bool, held)) == min(workers, lanes) and sorted(chain(*held)) == list(range(lanes))

    await until(shared, f"{workers} workers that share {lanes} lanes")
    return projects


async def transactions(one: Installation) -> int:
    """How many were committed on all lanes."""
    return sum(int(lane["revision"]) for lane in await checkpoints(one))


async def publish_together(one: Installation, runs: Sequence[Run]) -> list[bytes]:
    """Publishes the logs of some copies, one event of each after the other; gives their lines."""
    published: list[bytes] = []
    for mode in MODES:
        logs = [run.log() for run in runs if run.mode == mode]
        mixed = [event for events in zip_longest(*logs) for event in events if event is not None]
        lines = [orjson.dumps(event) for event in mixed]
        if lines:
            await publish(one, lines, mode)
        published += lines
    return published


def expected_of(run: Run) -> dict[str, Json]:
    """What each customer of a copy is to be shown."""
    shown = {}
    for key, seen in CUSTOMERS.items():
        who = seen["portal"]["customer"]
        emails = [renamed_address(email, run.suffix) for email in who["emails"]]
        shown[key] = seen["portal"] | {"customer": who | {"emails": emails}}
    return shown


def address(key: str) -> tuple[str, str]:
    """Slug of the business and e-mail address of a customer."""
    return CUSTOMERS[key]["slug"], CUSTOMERS[key]["emails"][0]


def strangers() -> set[tuple[str, str]]:
    """Addresses in the log that are of nobody who has a portal, with the slugs of the businesses."""
    slugs = {key.split("/")[0]: seen["slug"] for key, seen in CUSTOMERS.items()}
    registered = [event for event in LOG if event["type"].startswith("servicehub.customer.registered.")]
    every = {(slugs[event["businessid"]], event["data"]["emails"][0]) for event in registered}
    return every - set(map(address, CUSTOMERS))


class Portal:
    """The customer surface of an installation; dashboards are as at the moment for which it is known what is seen."""

    def __init__(self, one: Installation) -> None:
        self._mail_api = one.env["LOCAL_MAIL_API"]
        self._looking_at: ContextVar[str] = ContextVar("looking_at", default="")
        config = QueryApiConfig(
            mongo_url=one.env["PORTAL_MONGO_URL"],
            mongo_database=one.env["PORTAL_MONGO_DATABASE"],
            public_url=URL,
            smtp_url=one.env["PORTAL_SMTP_URL"],
            secret_keys=("a key of these tests, long enough",),
            limits=SignInLimits(mails_per_network=ANY, wrong_codes_per_network=ANY),
        )
        self.app = create_app(config, self._now)

    def _now(self) -> datetime:
        # Only for the request that reads a dashboard: mails and sessions live in the present.
        moment = self._looking_at.get()
        return datetime.fromisoformat(moment) if moment else datetime.now(UTC)

    async def ready(self) -> bool:
        """Whether there are views to serve."""
        async with Browser(self.app) as browser:
            return (await browser.get("/-/health/ready")).is_success

    async def shows(self, run: Run) -> dict[str, Json]:
        """The dashboard of each customer of a copy, who signs in for it; nobody else gets so far."""
        for slug, email in strangers():
            await self._ask(Browser(self.app), slug + run.suffix, renamed_address(email, run.suffix))
        shown = {}
        for (slug, email), keys in groupby(sorted(CUSTOMERS, key=address), key=address):
            async with Browser(self.app) as browser:
                at, email = slug + run.suffix, renamed_address(email, run.suffix)
                await self._ask(browser, at, email)
                await until(partial(self._mails, email), f"a mail to {email}")
                code = await self._code(email)
                for key in keys:
                    await enter(browser, at, {"email": email, "code": code}, key.split("/")[1])
                    shown[key] = await self._dashboard(browser, at, list(CUSTOMERS[key]["portal"]))
        for _, email in strangers():
            assert not await self._mails(renamed_address(email, run.suffix))
        return {key: shown[key] for key in CUSTOMERS}

    async def _ask(self, browser: Browser, slug: str, email: str) -> None:
        assert (await browser.ask(email, slug)).status_code == 202

    async def _dashboard(self, browser: Browser, slug: str, names: Sequence[str]) -> Json:
        past = self._looking_at.set(EXPECTED["now"])
        answer = await browser.get(f"/{slug}/api/portal")
        self._looking_at.reset(past)
        assert answer.status_code == 200, answer.text
        dashboard = answer.json()
        return {name: dashboard[name] for name in names}

    async def _mails(self, email: str) -> bool:
        return bool(await self._search(email))

    async def _code(self, email: str) -> str:
        async with httpx.AsyncClient(base_url=self._mail_api, trust_env=False) as client:
            whole = await client.get(f"/api/v1/message/{(await self._search(email))[0]}")
            return DeliveredMail(whole.json(), {}).code

    async def _search(self, email: str) -> list[str]:
        """The ids of the mails to an address, the latest first."""
        async with httpx.AsyncClient(base_url=self._mail_api, trust_env=False) as client:
            found = await client.get("/api/v1/search", params={"query": f'to:"{email}"'})
            return [message["ID"] for message in found.json()["messages"]]


async def enter(browser: Browser, slug: str, proof: Mapping[str, str], customer: str) -> None:
    """Signs in with a mailed code, or, where that is used already, as another customer of the same address."""
    entered = await browser.enter(slug, **proof)
    if entered.status_code == 409:
        entered = await browser.enter(slug, **proof, customer_id=customer)
    elif entered.status_code == 401:
        url = f"/{slug}/api/session/customer"
        entered = await browser.post(url, json={"customer_id": customer})
    assert entered.is_success, entered.text
