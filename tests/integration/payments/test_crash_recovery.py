"""Killed between any two steps, of any of the three ways in: once somebody asks again, there is one payment."""

import asyncio
import json
import os
import signal
import sys
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest

from query_api.payments.outbox_publisher import OutboxPublisher
from read_models.store.operational.checkouts import LEASE
from tests.integration.payments.harness import PaymentsHarness
from tests.integration.payments.payer import SLUG, Payer

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

MOST_STEPS = 40
Request = dict[str, Any]


class Killer:
    """Has requests served by processes that are killed; meanwhile nobody else publishes what they leave."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    async def __call__(self, step: int, request: Request) -> bool:
        """Whether the process that served it died at the step; False when it came to its end before."""
        assert self._process.stdin
        assert self._process.stdout
        with pytest.MonkeyPatch.context() as patched:
            patched.setattr(OutboxPublisher, "process_next", _finds_nothing)
            self._process.stdin.write(json.dumps({"step": step, "request": request}).encode() + b"\n")
            await self._process.stdin.drain()
            status = int(await self._process.stdout.readline())
        assert status in (0, -signal.SIGKILL)
        return status != 0


async def _finds_nothing(_sender: OutboxPublisher, _only: str | None = None) -> bool:
    return False


@pytest.fixture
async def killed(till: PaymentsHarness) -> AsyncIterator[Killer]:
    process = await asyncio.create_subprocess_exec(
        *(sys.executable, "-W", "ignore", "-m", "tests.integration.payments.crash_process"),
        env={**os.environ, **till.one.env},
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
    )
    yield Killer(process)
    assert process.stdin
    process.stdin.close()
    assert await process.wait() == 0


def of_browser(payer: Payer, method: str, path: str, body: str = "") -> Request:
    """A request of a customer."""
    headers = {"Cookie": payer.browser().headers["Cookie"], "Content-Type": "application/json"}
    return {
        "method": method,
        "path": f"/{SLUG}/{path}",
        "headers": headers,
        "body": body,
        "customer": payer.id,
    }


async def of_stripe(till: PaymentsHarness, payer: Payer, page: str) -> Request:
    """The event that says that somebody has paid."""
    body = json.dumps((await payer.told(page))[-1])
    headers = {"Stripe-Signature": till.signature(body.encode())}
    return {
        "method": "POST",
        "path": "/-/webhooks/stripe",
        "headers": headers,
        "body": body,
        "customer": payer.id,
    }


async def test_killed_while_the_payment_page_is_opened(till: PaymentsHarness, killed: Killer) -> None:
    """Whoever asks again is given one page, and it can be paid."""
    for step in range(1, MOST_STEPS):
        payer = await till.payer()
        asked = of_browser(payer, "POST", f"api/invoices/{payer.invoice}/checkout", "{}")
        died = await killed(step, asked)
        first, second = await payer.page(), await payer.page()
        sessions = (await till.stripe("GET", "checkout/sessions?limit=100"))["data"]
        mine = [one for one in sessions if one["metadata"].get("customer") == payer.id]
        assert (first == second, len(mine)) == (True, 1), step
        await payer.act(first, "pay")
        await payer.come_back()
        await payer.one_payment()
        if not died:
            assert step > 4
            return
    raise AssertionError("it never came to its end")


@pytest.mark.parametrize("way", ["webhook", "return"])
async def test_killed_while_a_payment_is_reported(till: PaymentsHarness, killed: Killer, way: str) -> None:
    """Stripe sends its event again, the customer comes back again, or neither does: then it is reconciled."""
    payers: list[Payer] = []
    for step in range(1, MOST_STEPS):
        payer = await till.payer()
        page = await payer.page()
        await payer.act(page, "pay")
        payers.append(payer)
        if way == "webhook":
            request = await of_stripe(till, payer, page)
        else:
            request = of_browser(
                payer, "GET", f"invoices/{payer.invoice}/return/{(await payer.checkout()).id}"
            )
        died = await killed(step, request)
        if step % 2:
            for event in await payer.told(page):
                assert (await till.post(event)).status_code == 200
        if not died:
            assert step > 8
            break
    else:
        raise AssertionError("it never came to its end")
    done = await till.one.run("payments", "reconcile")
    assert done.returncode in (0, 1), done.stderr
    # The leases of the killed senders are over for a process whose clock is that much ahead.
    async with till.serving(ahead=LEASE + timedelta(seconds=5)):
        for payer in payers:
            await payer.one_payment()
