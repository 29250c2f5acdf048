"""The API over views of chosen events, at a chosen moment, and browsers that are signed in to it."""

import secrets
from collections.abc import Iterable, Mapping
from contextlib import AsyncExitStack
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx

from events.envelope import Record, encode
from events.topics import Topics
from projectors.processing.projector import Projector
from query_api.app import create_app
from query_api.config import PaymentsConfig, QueryApiConfig
from query_api.sign_in.cookies import session_cookie_name
from read_models.projection import VERSION
from read_models.store import ReadModelStore
from read_models.store.operational import OperationalStore, SessionRecord
from tests.integration.harness.customer_surface import URL, Browser, running
from tests.support.event_builder import DEFAULTS
from tests.support.log_permutations import topic
from web.tokens import digest, new_token

TOPICS = Topics("servicehub.", 4)
START = datetime(2026, 1, 1, 9, tzinfo=UTC)
FOR_EVER = timedelta(days=36_500)

Json = dict[str, Any]


class ApiHarness:
    """An installation in a database of its own. `async with` it."""

    def __init__(self, env: Mapping[str, str], now: datetime) -> None:
        """`now` is the moment at which the API stands still."""
        self.now = now
        # Payments are on: nobody is asked before somebody pays.
        online = PaymentsConfig("sk_test", "whsec_test", {}, "servicehub.payments")
        self._config = QueryApiConfig(
            env["PORTAL_MONGO_URL"], f"desk_{secrets.token_hex(4)}", URL, payments=online
        )
        self._offsets: dict[tuple[str, int], int] = {}
        self._sequences: dict[tuple[str, str, str], int] = {}
        self._said = 0
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        try:
            self.store = await ReadModelStore.connect(self._config.mongo_url, self._config.mongo_database)
            self._stack.push_async_callback(self.store.close)
            self._stack.push_async_callback(self.store.drop)
            await self.store.generations.create_first_if_missing(VERSION, TOPICS.partitions, "cluster")
            self._applier = Projector(self.store, TOPICS)
            self._stack.push_async_callback(self._applier.close)
            await self._applier.take_over(range(4))
            self._app = create_app(self._config, lambda: self.now)
            await self._stack.enter_async_context(running(self._app))
        except BaseException:
            await self._stack.aclose()
            raise
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    async def publish(self, log: Iterable[Json]) -> None:
        """Applies events, each a CloudEvent in structured JSON."""
        await self._applier.apply([self._record(dict(event)) for event in log])

    async def say(
        self,
        what: str,
        subject: str = "",
        *,
        customer: str = "cus_1",
        at: datetime | None = None,
        **data: Any,
    ) -> None:
        """Applies the next event of a subject of `biz_1`; what is not said of its data is by default."""
        await self.publish([self.event(what, subject, customer=customer, at=at, **data)])

    def event(
        self,
        what: str,
        subject: str = "",
        *,
        customer: str = "cus_1",
        at: datetime | None = None,
        **data: Any,
    ) -> Json:
        """The next event of a subject of `biz_1`, a second after the one before."""
        kind = what.split(".")[0]
        owner = {"businessid": "biz_1"} | ({} if kind == "business" else {"customerid": customer})
        subject = subject or list(owner.values())[-1]
        place = customer, kind, subject
        self._sequences[place] = self._sequences.get(place, 0) + 1
        self._said += 1
        moment = at or START + timedelta(seconds=self._said)
        return {
            "specversion": "1.0",
            "id": f"e{self._said}",
            "source": "/servicehub/tests",
            "type": f"servicehub.{what}.v1",
            "subject": subject,
            "time": moment.isoformat().replace("+00:00", "Z"),
            "sequence": str(self._sequences[place]),
            "partitionkey": "/".join(owner.values()),
            **owner,
            "data": DEFAULTS.get(what, {}) | data,
        }

    def _record(self, event: Json) -> Record:
        key, value, headers = encode(event, event.pop("data", None), "structured")
        place = topic(event, TOPICS), TOPICS.partition(key)
        self._offsets[place] = self._offsets.get(place, -1) + 1
        return Record(*place, self._offsets[place], 0, key, value, headers)

    async def reader(self, business: str, customer: str, slug: str) -> "ApiClient":
        """Somebody who is signed in as a customer."""
        (known,) = (await self.store.views(1).load([f"{business}/{customer}"])).values()
        token = new_token()
        record = SessionRecord(
            token=digest(token),
            id=secrets.token_hex(4),
            business=business,
            customer=customer,
            address=known["sign_in"][0],
            device="",
            started_at=self.now,
            seen_at=self.now,
            gone_at=self.now + FOR_EVER,
        )
        await OperationalStore(self.store.database).sessions.start(record)
        browser = Browser(self._app)
        browser.headers["Cookie"] = f"{session_cookie_name(slug)}={token}"
        return ApiClient(browser, slug)

    def described(self) -> Json:
        """The API's own description (OpenAPI)."""
        return self._app.openapi_schema.to_schema()

    def stranger(self, slug: str) -> "ApiClient":
        """Somebody who is signed out."""
        return ApiClient(Browser(self._app), slug)


class ApiClient:
    """A browser at the API of one business."""

    def __init__(self, browser: Browser, slug: str) -> None:
        self._browser = browser
        self._root = f"/{slug}/api/"

    async def ask(self, path: str, **query: Any) -> httpx.Response:
        """What a path below `/{slug}/api/` answers."""
        return await self._browser.get(self._root + path, params=query)

    async def get(self, path: str, **query: Any) -> Any:
        """The JSON of a path that is found."""
        answer = await self.ask(path, **query)
        assert answer.status_code == 200, answer.text
        return answer.json()

    async def walk(self, path: str, limit: int = 100, **query: Any) -> list[Json]:
        """All items of a list, part by part."""
        items: list[Json] = []
        cursor: dict[str, str] = {}
        while True:
            part = await self.get(path, limit=limit, **cursor, **query)
            assert part.keys() == {"items", "next"}
            assert len(part["items"]) == limit or part["next"] is None
            items += part["items"]
            if part["next"] is None:
                return items
            cursor = {"cursor": part["next"]}
