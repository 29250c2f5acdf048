"""200 customers pay at once while the projector is restarted: each is paid once, and the views are those of the log."""

import asyncio
import os
import signal

import pytest

from tests.harness.portal_installation import until
from tests.integration.harness.live_worker import send, worker_of
from tests.integration.payments.harness import PaymentsHarness
from tests.integration.payments.payer import ACCOUNT, Payer

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")

CROWD = 200
AT_ONCE = 40
WITHIN_S = 240.0


async def test_200_customers_pay_at_once(till: PaymentsHarness) -> None:
    """Half of them come back, the webhook tells of all, some twice; the worker is killed meanwhile."""
    payers = [Payer(till, f"cus_crowd{number}") for number in range(CROWD)]
    await send(till.one, [event for payer in payers for event in till.billed(payer, 12_000)])
    for payer in payers:
        await payer.sign_in()

    async def all_billed() -> bool:
        return all([await payer.known("invoice") for payer in payers])

    await until(all_billed, "the invoices in the views", WITHIN_S)
    gate = asyncio.Semaphore(AT_ONCE)

    async def pays(payer: Payer, number: int) -> None:
        async with gate:
            page = await payer.page()
            await payer.act(page, "pay")
            if number % 2:
                assert (await payer.come_back()).status_code == 200
            session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
            event = {"type": "checkout.session.completed", "account": ACCOUNT, "data": {"object": session}}
            for _ in range(1 + number % 3):
                assert (await till.post(event)).status_code == 200

    paying = asyncio.gather(*(pays(payer, number) for number, payer in enumerate(payers)))
    await asyncio.sleep(2)
    os.kill(worker_of(till.project), signal.SIGKILL)
    await paying

    async def all_paid() -> bool:
        return all([(await payer.view())["amount_due"] == 0 for payer in payers])

    await until(all_paid, "all paid", WITHIN_S)
    for payer in payers:
        view = await payer.view()
        assert (view["paid"], view["overpaid"], len(view["payments"])) == (12_000, 0, 1)
        assert (await payer.checkout()).published == 1
    verified = await till.one.run("verify")
    assert verified.returncode == 0, verified.stdout + verified.stderr
