"""A customer surface over a real MongoDB and a real mailbox, fed by the real applier; browsers to look at it with."""

import asyncio
import re
import secrets
import tempfile
import time
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import TracebackType
from typing import Any, Self, cast

import httpx
from litestar import Litestar

from events.envelope import Record, encode
from events.topics import Topics
from projectors.processing.projector import Projector
from query_api.app import create_app
from query_api.config import QueryApiConfig, SignInLimits
from query_api.services import services_in
from read_models.projection import VERSION
from read_models.store import ReadModelStore
from tests.support.event_builder import DEFAULTS

URL = "https://portal.test"
TOPICS = Topics("servicehub.", 4)
SAME_ORIGIN = {"Origin": URL}
WITHIN_S = 30.0


class Browser(httpx.AsyncClient):
    """A browser with cookies of its own; it says where its changes come from, as browsers do."""

    def __init__(self, app: Litestar, url: str = URL, ip: str = "198.51.100.1") -> None:
        transport = httpx.ASGITransport(cast("Any", app), client=(ip, 40000))
        super().__init__(transport=transport, base_url=url, headers={"Origin": url, "User-Agent": "Test/1"})

    async def ask(self, email: str, slug: str = "blue") -> httpx.Response:
        """Asks for a code."""
        return await self.post(f"/{slug}/api/sign-in", json={"email": email})

    async def enter(self, slug: str = "blue", **shown: str) -> httpx.Response:
        """Shows email and code, or token."""
        return await self.post(f"/{slug}/api/session", json=shown)


class DeliveredMail:
    """A delivered mail."""

    def __init__(self, whole: dict[str, Any], headers: dict[str, list[str]]) -> None:
        self.subject: str = whole["Subject"]
        self.text: str = whole["Text"]
        self.html: str = whole["HTML"]
        self.sender: str = whole["From"]["Name"]
        self.headers = headers

    @property
    def code(self) -> str:
        """The first six digits in a row."""
        found = re.search(r"\d{6}", self.text)
        assert found
        return found[0]

    @property
    def link(self) -> str:
        """The first link."""
        found = re.search(r"https?://\S+", self.text)
        assert found
        return found[0]

    @property
    def token(self) -> str:
        """The token of the link."""
        return self.link.rpartition("/")[2]


@asynccontextmanager
async def running(app: Litestar) -> AsyncIterator[None]:
    """The app's lifespan in a task of its own: Litestar's has to end in the task it began in, fixtures do not."""
    started: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    ending = asyncio.Event()

    async def live() -> None:
        async with app.lifespan():
            started.set_result(None)
            await ending.wait()

    task = asyncio.create_task(live())
    await asyncio.wait((task, started), return_when=asyncio.FIRST_COMPLETED)
    try:
        yield
    finally:
        ending.set()
        await task


def clear_tenant_cache(app: Litestar) -> None:
    """Has the next request see what is: businesses are remembered for a moment."""
    portals = services_in(app).tenants
    for remembered in (portals._admitted, portals._by_host):
        remembered._answers.clear()


async def empty_mailbox(mail_api: str) -> None:
    """Removes the mails of tests before, who had the same addresses."""
    async with httpx.AsyncClient(base_url=mail_api, trust_env=False) as client:
        (await client.delete("/api/v1/messages")).raise_for_status()


class CustomerSurfaceHarness:
    """One installation in a database of its own. `async with` it."""

    def __init__(self, env: dict[str, str], limits: SignInLimits | None = None) -> None:
        self._mail_api = env["LOCAL_MAIL_API"]
        self._folder = tempfile.TemporaryDirectory()
        self.media, self.cache = (Path(self._folder.name) / name for name in ("media", "cache"))
        self.media.mkdir()
        self.config = QueryApiConfig(
            mongo_url=env["PORTAL_MONGO_URL"],
            mongo_database=f"surface_{secrets.token_hex(4)}",
            public_url=URL,
            smtp_url=env["PORTAL_SMTP_URL"],
            secret_keys=("a key of these tests that is long enough",),
            media_url=self.media.as_uri(),
            cache_url=self.cache.as_uri(),
            limits=limits or SignInLimits(),
        )
        self._ahead = timedelta()
        self._offsets: dict[tuple[str, int], int] = {}
        self._sequences: dict[tuple[str, str, str], int] = {}
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        """Opens the store, its first generation, and the app."""
        try:
            await self._open()
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def _open(self) -> None:
        self._stack.callback(self._folder.cleanup)
        await empty_mailbox(self._mail_api)
        self.store = await ReadModelStore.connect(self.config.mongo_url, self.config.mongo_database)
        self._stack.push_async_callback(self.store.close)
        self._stack.push_async_callback(self.store.drop)
        await self.store.generations.create_first_if_missing(VERSION, TOPICS.partitions, "cluster")
        self._applier = Projector(self.store, TOPICS)
        self._stack.push_async_callback(self._applier.close)
        await self._applier.take_over(range(4))
        self.app = await self.serve(self.config)

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def serve(self, config: QueryApiConfig) -> Litestar:
        """One more process on the same database."""
        app = create_app(config, self.now)
        await self._stack.enter_async_context(running(app))
        return app

    def now(self) -> datetime:
        """The time as the surface sees it."""
        return datetime.now(UTC) + self._ahead

    def later(self, wait: timedelta) -> None:
        """Lets time pass."""
        self._ahead += wait

    def browser(self, url: str = URL, ip: str = "198.51.100.1") -> Browser:
        """A new browser."""
        return Browser(self.app, url, ip)

    async def publish(
        self,
        what: str,
        *,
        business: str = "biz_1",
        customer: str | None = None,
        subject: str = "",
        version: str = "v1",
        **data: Any,
    ) -> None:
        """Publishes an event and waits until the views have it."""
        subject = subject or customer or business
        entity = business, what.split(".")[0], subject
        sequence = self._sequences[entity] = self._sequences.get(entity, 0) + 1
        owner = {"businessid": business} | ({"customerid": customer} if customer else {})
        attributes = {
            "specversion": "1.0",
            "id": secrets.token_hex(8),
            "source": "/servicehub/tests",
            "type": f"servicehub.{what}.{version}",
            "subject": subject,
            "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "sequence": str(sequence),
            "partitionkey": "/".join(owner.values()),
            **owner,
        }
        key, value, headers = encode(attributes, DEFAULTS.get(what, {}) | data, "structured")
        place = TOPICS.of_type(attributes["type"]), TOPICS.partition(key)
        offset = self._offsets[place] = self._offsets.get(place, -1) + 1
        await self._applier.apply([Record(*place, offset, int(time.time() * 1000), key, value, headers)])

    async def create_customer(self, *, business: str = "biz_1", customer: str = "cus_1", **data: Any) -> str:
        """Registers a customer under an address of its own, and answers the address."""
        email = f"{secrets.token_hex(6)}@mail.test"
        await self.publish(
            "customer.registered", business=business, customer=customer, **{"emails": [email], **data}
        )
        return email

    async def mails(self, email: str, count: int = 1) -> Sequence[DeliveredMail]:
        """The mails to an address, oldest first, once there are `count`."""
        deadline = time.monotonic() + WITHIN_S
        async with httpx.AsyncClient(base_url=self._mail_api, trust_env=False) as client:
            while True:
                search = await client.get("/api/v1/search", params={"query": f'to:"{email}"'})
                found = search.json()["messages"]
                if len(found) >= count:
                    return [await self._mail(client, one["ID"]) for one in reversed(found)]
                assert time.monotonic() < deadline, f"{len(found)} of {count} mails came"
                await asyncio.sleep(0.05)

    async def dealt_with(self, email: str) -> None:
        """Returns when no mail to an address waits to be sent."""
        waiting = {"address": email, "state": "waiting"}
        async with asyncio.timeout(WITHIN_S):
            while await self.store.database["sign_ins"].count_documents(waiting):  # noqa: ASYNC110
                await asyncio.sleep(0.05)

    async def _mail(self, client: httpx.AsyncClient, id_: str) -> DeliveredMail:
        whole = await client.get(f"/api/v1/message/{id_}")
        headers = await client.get(f"/api/v1/message/{id_}/headers")
        return DeliveredMail(whole.json(), headers.json())

    async def signed_in(self, email: str, slug: str = "blue", ip: str = "198.51.100.1") -> Browser:
        """A browser that signed in with a mailed code."""
        browser = self.browser(ip=ip)
        there = len(await self.mails(email, 0))
        assert (await browser.ask(email, slug)).status_code == 202
        mail = (await self.mails(email, there + 1))[-1]
        entered = await browser.enter(slug, email=email, code=mail.code)
        assert entered.status_code == 201, entered.text
        return browser
