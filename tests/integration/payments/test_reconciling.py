"""`portal payments reconcile`: what nobody told the portal is found, once."""

import pytest

from tests.integration.payments.harness import PaymentsHarness
from tests.integration.payments.payer import ACCOUNT

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def test_nobody_tells_the_portal(till: PaymentsHarness) -> None:
    """The tab is closed, the webhook never comes: reconciliation finds it, once."""
    payer, _ = await till.bought()
    dry = await till.one.run("payments", "reconcile", "--dry-run")
    id_ = (await payer.checkout()).id
    assert (dry.returncode, f"DIFFERS  {ACCOUNT}  {id_}  succeeded" in dry.stdout) == (1, True), dry.stdout
    assert (await payer.checkout()).facts == ()
    done = await till.one.run("payments", "reconcile")
    assert (done.returncode, f"published  {ACCOUNT}  {id_}  succeeded" in done.stdout) == (0, True), (
        done.stdout + done.stderr
    )
    await payer.one_payment()
    again = await till.one.run("payments", "reconcile", "--since", "2020-01-01")
    assert (again.returncode, "0 published that were missing, 0 differences left" in again.stdout) == (
        0,
        True,
    )


async def test_reconciling_says_what_it_needs(till: PaymentsHarness) -> None:
    wrong = await till.one.run("payments", "reconcile", "--since", "yesterday")
    assert (wrong.returncode, "--since" in wrong.stderr) == (2, True)
    off = await till.one.run("payments", "reconcile", PORTAL_STRIPE_API_KEY="")
    assert (off.returncode, "PORTAL_STRIPE_API_KEY" in off.stderr) == (2, True)
    away = await till.one.run("payments", "reconcile", PORTAL_STRIPE_API_BASE="http://127.0.0.1:9")
    assert (away.returncode, "Stripe does not answer" in away.stderr) == (1, True)


async def test_reconciliation_finds_refunds(till: PaymentsHarness) -> None:
    payer, page = await till.bought()
    await payer.come_back()
    await payer.paid()
    session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
    await till.stripe("POST", "refunds", payment_intent=session["payment_intent"])
    done = await till.one.run("payments", "reconcile")
    assert done.returncode == 0, done.stdout + done.stderr
    await payer.paid(0)
    assert [one["status"] for one in (await payer.detail())["payments"]] == ["refunded"]
