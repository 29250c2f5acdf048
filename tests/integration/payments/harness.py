"""A business that takes payments online: a worker keeps its views, the app is in this process, Stripe a stand-in."""

import hashlib
import hmac
import json
import secrets
import time
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import TracebackType
from typing import Any, Self

import httpx
from aiokafka import AIOKafkaConsumer, TopicPartition
from litestar import Litestar

from events.envelope import Event, Record, decode
from portal.query_api_config import query_api_config
from portal.settings import Settings
from projectors.kafka.topology import discover
from query_api.app import create_app
from read_models.store import ReadModelStore
from read_models.store.operational import OperationalStore
from tests.harness.portal_installation import Installation, until
from tests.integration.harness.customer_surface import Browser, running
from tests.integration.harness.live_worker import send
from tests.integration.payments.payer import ACCOUNT, BUSINESS, SLUG, Json, Payer
from tests.support.event_builder import DEFAULTS


class PaymentsHarness:
    """An installation with one business, `biz_1`. `async with` it."""

    def __init__(self, one: Installation) -> None:
        self.one = one
        self.control = one.env["LOCAL_STRIPE_CONTROL"]
        self._stack = AsyncExitStack()
        self._numbers: dict[tuple[str, str], int] = {}
        self._said = 0

    async def __aenter__(self) -> Self:
        await self.one.create_topics()
        self.project = self.one.start("project")
        await self.project.says("lanes taken over")
        self.config = query_api_config(Settings.read(self.one.env))
        assert self.config.payments is not None
        self.store = await ReadModelStore.connect(self.config.mongo_url, self.config.mongo_database)
        self._stack.push_async_callback(self.store.close)
        await self.store.control.refresh()
        self.records = OperationalStore(self.store.database)
        self.app = await self._stack.enter_async_context(self.serving())
        self.http = await self._stack.enter_async_context(httpx.AsyncClient(trust_env=False, timeout=30))
        await self.say("business.registered", stripe_account_id=ACCOUNT)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self._stack.aclose()

    @asynccontextmanager
    async def serving(self, ahead: timedelta = timedelta()) -> AsyncIterator[Litestar]:
        """One more `portal serve` on the same installation, in this process, whose clock may be ahead."""
        app = create_app(self.config, lambda: datetime.now(UTC) + ahead)
        async with running(app):
            yield app

    async def say(
        self,
        what: str,
        subject: str = "",
        customer: str | None = None,
        business: str = BUSINESS,
        **data: Any,
    ) -> None:
        """Publishes the next event of a subject."""
        await send(self.one, [self.event(what, subject, customer, business, **data)])

    def event(
        self,
        what: str,
        subject: str = "",
        customer: str | None = None,
        business: str = BUSINESS,
        **data: Any,
    ) -> bytes:
        """The next event of a subject, as a line of a log."""
        owner = {"businessid": business} | ({"customerid": customer} if customer else {})
        subject = subject or customer or business
        place = what.split(".")[0], subject
        self._numbers[place] = self._numbers.get(place, 0) + 1
        self._said += 1
        attributes = {
            "specversion": "1.0",
            "id": f"t{self._said}",
            "source": "/servicehub/tests",
            "type": f"servicehub.{what}.v{2 if what == 'invoice.issued' else 1}",
            "subject": subject,
            "time": datetime.now(UTC).isoformat().replace("+00:00", "Z"),
            "sequence": str(self._numbers[place]),
            "partitionkey": "/".join(owner.values()),
            **owner,
        }
        return json.dumps(attributes | {"data": DEFAULTS.get(what, {}) | data}).encode()

    async def payer(
        self, total: int = 12_000, business: str = BUSINESS, slug: str = SLUG, **invoice: Any
    ) -> Payer:
        """A new customer who is signed in, with an invoice that the views hold."""
        payer = Payer(self, f"cus_{secrets.token_hex(4)}", business, slug)
        await send(self.one, self.billed(payer, total, **invoice))
        await until(lambda: payer.known("invoice", "i1"), "the invoice in the views")
        await payer.sign_in()
        return payer

    async def bought(self, action: str = "pay") -> tuple[Payer, str]:
        """A customer who has just paid, of which nobody has told the portal; and the payment page's address."""
        payer = await self.payer()
        page = await payer.page()
        assert (await payer.act(page, action)).status_code == 303
        return payer, page

    def billed(self, payer: Payer, total: int, **invoice: Any) -> list[bytes]:
        """The events that make a customer with an invoice."""
        data = {"tax": 0, "total": total, **invoice}
        return [
            self.event("customer.registered", "", payer.id, payer.business, name="Ada", emails=[payer.email]),
            self.event("invoice.issued", f"i1-{payer.id}", payer.id, payer.business, **data),
        ]

    async def deliver(self, **delivery: Any) -> None:
        """How the stand-in's events are to arrive; with no address they do not."""
        settings = {"webhook_url": None, "delay_s": 0.0, "copies": 1, "shuffle": False} | delivery
        (await self.http.post(f"{self.control}/control", json=settings)).raise_for_status()

    async def post(self, event: Json, *, app: Litestar | None = None, **signing: Any) -> httpx.Response:
        """Posts an event to the webhook as Stripe does."""
        body = json.dumps(event).encode()
        headers = {"Stripe-Signature": self.signature(body, **signing)}
        async with Browser(app or self.app, self.config.public_url) as stripe:
            return await stripe.post("/-/webhooks/stripe", content=body, headers=headers)

    def signature(self, body: bytes, *, age_s: int = 0, secret: str | None = None) -> str:
        """Stripe's signature of a body."""
        payments = self.config.payments
        assert payments
        at = int(time.time()) - age_s
        key = (secret or payments.webhook_secret).encode()
        return f"t={at},v1={hmac.new(key, b'%d.' % at + body, hashlib.sha256).hexdigest()}"

    async def stripe(self, method: str, path: str, **form: Any) -> Json:
        """A call of Stripe's API on the business's account."""
        assert self.config.payments
        headers = {"Authorization": f"Bearer {self.config.payments.api_key}", "Stripe-Account": ACCOUNT}
        where = f"{self.control}/v1/{path}"
        answer = await self.http.request(method, where, headers=headers, data=form or None)
        found: Json = answer.raise_for_status().json()
        return found

    async def happened(self, about: str) -> list[Json]:
        """Stripe's events about an object, or about what names it, oldest first."""
        found = (await self.stripe("GET", "events?limit=100"))["data"]
        return [event for event in reversed(found) if about in json.dumps(event["data"])]

    async def log(self, customer: str) -> list[Event]:
        """The events of payments of a customer, as they are in the log."""
        settings = Settings.read(self.one.env)
        topics = (await discover(settings.kafka, settings.topic_prefix)).topics
        key = f"{BUSINESS}/{customer}".encode()
        place = TopicPartition(topics.name("payments"), topics.partition(key))
        consumer = AIOKafkaConsumer(**settings.kafka.client(), enable_auto_commit=False)
        await consumer.start()
        try:
            consumer.assign([place])
            await consumer.seek_to_beginning(place)
            end = (await consumer.end_offsets([place]))[place]
            found: list[Event] = []
            while await consumer.position(place) < end:
                for one in (await consumer.getmany(place, timeout_ms=500)).get(place, ()):
                    record = Record(
                        one.topic, one.partition, one.offset, one.timestamp, one.key, one.value, one.headers
                    )
                    if one.key == key:
                        found.append(decode(record, topics))
            return found
        finally:
            await consumer.stop()
