"""Errors that nobody foresaw: logged with where they came from, and whoever waits for the work sees that it failed."""

import asyncio
import sys
from collections.abc import Callable
from contextlib import suppress
from datetime import UTC, datetime
from typing import Any

import pytest
from structlog.testing import capture_logs

from portal import fill_process, worker_process
from query_api.payments.outbox_publisher import OutboxPublisher
from query_api.polling_worker import PollingWorker


async def crashing(*_: Any) -> None:
    """A piece of work with a mistake in it."""
    raise ArithmeticError("a mistake")


def now() -> datetime:
    """A clock."""
    return datetime.now(UTC)


@pytest.mark.parametrize(
    ("module", "name", "arguments"),
    [(fill_process, "fill", ["7"]), (worker_process, "work", ["instance", "1"])],
)
def test_a_process_that_crashes_says_why_and_ends_with_1(
    module: Any, name: str, arguments: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Which tells who started it that to start it again may help."""
    monkeypatch.setattr(module, name, crashing)
    monkeypatch.setattr(module.logs, "configure", lambda **_: None)
    monkeypatch.setattr(
        module, "gc", type("Nothing", (), {"freeze": lambda: 0, "set_threshold": lambda *_: 0})
    )
    monkeypatch.setattr(sys, "argv", [name, *arguments])
    monkeypatch.setenv("PORTAL_KAFKA_BOOTSTRAP", "127.0.0.1:1")
    monkeypatch.setenv("PORTAL_MONGO_URL", "mongodb://127.0.0.1:1")
    if module is worker_process:
        monkeypatch.setattr(module, "send_heartbeats", lambda _: asyncio.sleep(60))
    else:
        monkeypatch.setattr(module, "wait_for_parent_exit", lambda: asyncio.sleep(60))
    with capture_logs() as logged:
        assert module.main() == 1
    (said,) = [one for one in logged if one["event"] == "crashed"]
    assert (said["log_level"], said["exc_info"]) == ("error", True)


class Mails(PollingWorker):
    """A mailer whose first mail has a mistake in it."""

    def __init__(self) -> None:
        super().__init__()
        self.tries = 0

    async def process_next(self) -> bool:
        """Fails, then works, then has nothing left."""
        self.tries += 1
        if self.tries == 1:
            raise ArithmeticError("a mistake")
        if self.tries == 6:
            self.stop()
        return self.tries < 6


async def test_a_mails_trouble_is_logged_and_is_not_the_others() -> None:
    mails = Mails()
    with capture_logs() as logged:
        await asyncio.wait_for(mails.run(), 30)
    assert mails.tries >= 6
    assert [(one["event"], one["exc_info"]) for one in logged] == [("mail.failed", True)]


class Outbox:
    """Payments, the first of which has a mistake in it."""

    def __init__(self, then: Callable[[], None]) -> None:
        self.tries = 0
        self._then = then

    async def claim_unsent(self, *_: Any) -> None:
        """Fails, then has nothing."""
        self.tries += 1
        if self.tries == 1:
            raise ArithmeticError("a mistake")
        self._then()


async def test_a_payments_trouble_is_logged_and_is_not_the_others() -> None:
    """The sender goes on."""
    went_on = asyncio.Event()
    outbox: Any = Outbox(went_on.set)
    sender = OutboxPublisher(outbox, {}, "payments", now)
    with capture_logs() as logged:
        running = asyncio.create_task(sender.run())
        await asyncio.wait_for(went_on.wait(), 30)
        running.cancel()
        with suppress(asyncio.CancelledError):
            await running
    assert [(one["event"], one["exc_info"]) for one in logged] == [("payments.failed", True)]


async def test_a_producer_that_cannot_start_is_ended_and_its_error_goes_on(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Nothing of it is left, and the next one begins afresh."""
    ended: list[str] = []

    class Producer:
        def __init__(self, **_: Any) -> None: ...

        async def start(self) -> None:
            raise ConnectionRefusedError

        async def stop(self) -> None:
            ended.append("stopped")

    monkeypatch.setattr("query_api.payments.outbox_publisher.AIOKafkaProducer", Producer)
    sender = OutboxPublisher(Outbox(lambda: None), {}, "payments", now)  # type: ignore[arg-type]
    for _ in range(2):
        with pytest.raises(ConnectionRefusedError):
            await sender._started()
    assert ended == ["stopped", "stopped"]
