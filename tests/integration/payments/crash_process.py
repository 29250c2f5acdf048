"""Processes that are killed at the Nth step of one request, for `test_kills.py`: SIGKILL, from within.

A step is the moment before or after anything that leaves a trace: a write of the record, a call of Stripe, an event
handed to Kafka and acknowledged. Each line on stdin, `{step, request}` as JSON, is served by a process of its own,
forked from this one; the answer, a line on stdout, is its exit status: 0 when the request was answered well, and all
of it published, before the step.
"""

import asyncio
import json
import os
import signal
import sys
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from typing import Any

from aiokafka import AIOKafkaProducer

from portal.query_api_config import query_api_config
from portal.settings import Settings
from query_api.app import create_app
from query_api.payments.stripe_api import StripeGateway
from query_api.services import services_in
from read_models.store.operational import CheckoutRepository
from read_models.store.operational.collection import MongoCollection
from tests.harness.portal_installation import until
from tests.integration.harness.customer_surface import Browser

TRACES = (
    (StripeGateway, ("create", "session", "expire", "refunds")),
    (MongoCollection, ("insert_if_absent", "replace")),
    (CheckoutRepository, ("claim_unsent", "extend_lease")),
)


class Steps:
    """Counts steps, and dies at one."""

    def __init__(self, last: int) -> None:
        self.left = last

    def take(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def watch(self, owner: Any, name: str) -> None:
        original: Callable[..., Awaitable[Any]] = getattr(owner, name)

        async def stepped(*arguments: Any, **named: Any) -> Any:
            if name == "claim_unsent":
                # Looking for work leaves no trace; finding some does.
                if found := await original(*arguments, **named):
                    self.take()
                return found
            self.take()
            answer = await original(*arguments, **named)
            self.take()
            return answer

        setattr(owner, name, stepped)

    def watch_producer(self) -> None:
        original = AIOKafkaProducer.send

        async def stepped(*arguments: Any, **named: Any) -> Any:
            self.take()
            sending = await original(*arguments, **named)
            await asyncio.wait([sending])
            self.take()
            return sending

        AIOKafkaProducer.send = stepped


async def serve(last: int, request: dict[str, Any]) -> int:
    """Answers one request; 0 when that went well."""
    steps = Steps(last)
    for owner, names in TRACES:
        for name in names:
            steps.watch(owner, name)
    steps.watch_producer()
    config = query_api_config(Settings.read(os.environ))
    app = create_app(config, lambda: datetime.now(UTC))
    async with app.lifespan(), Browser(app, config.public_url) as browser:
        await until(services_in(app).reads.ready, "views")
        answer = await browser.request(
            request["method"], request["path"], headers=request["headers"], content=request["body"]
        )
        waiting = {"unsent": True, "customer": request["customer"]}
        payments = services_in(app).payments
        assert payments
        checkouts = payments.checkouts

        async def published() -> bool:
            return await checkouts.collection.count(waiting) == 0

        await until(published, "what happened in the log")
    return 0 if answer.status_code < 400 else answer.status_code


def main() -> None:
    """Serves line by line."""
    for line in sys.stdin:
        wanted = json.loads(line)
        child = os.fork()
        if not child:
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            os._exit(1 if asyncio.run(serve(wanted["step"], wanted["request"])) else 0)
        print(os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]), flush=True)


if __name__ == "__main__":
    main()
