"""Where the payment page leads back to."""

import html
import re
from datetime import timedelta
from urllib.parse import parse_qs, urlsplit

import pytest

from query_api.payments.errors import DETAILS
from tests.integration.harness.customer_surface import Browser
from tests.integration.payments.harness import PaymentsHarness
from tests.integration.payments.payer import SLUG

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def test_the_way_back_without_paying(till: PaymentsHarness) -> None:
    """Cancelled: no payment was taken, and it says so; and not where one was."""
    payer = await till.payer()
    page = await payer.page()
    cancelled = f"invoices/{payer.invoice}/cancelled"
    assert "No payment was taken." in (await payer.get(cancelled)).text
    back = await payer.come_back()
    assert (back.status_code, back.headers["Location"]) == (303, f"/{SLUG}/invoices/{payer.invoice}")
    await payer.act(page, "pay")
    after = await payer.get(cancelled)
    assert (after.status_code, "/return/pp_" in after.headers["Location"]) == (303, True)


async def test_a_page_on_an_account_that_is_not_connected_any_more(till: PaymentsHarness) -> None:
    """Nothing can be paid until nobody can have paid on it; then another page is begun."""
    payer = await till.payer()
    await payer.page()
    known = await payer.checkout()
    await till.records.checkouts.change(known.id, lambda one: one._replace(account="acct_gone"))
    refused = await payer.ask()
    assert (refused.status_code, refused.json()["detail"]) == (409, DETAILS["refused"])
    assert (await payer.get(f"invoices/{payer.invoice}/cancelled")).status_code == 303
    async with till.serving(timedelta(days=3)) as later:
        assert (await payer.ask(later)).status_code == 201
    assert (await payer.checkout()).id != known.id


async def test_the_way_back_is_only_ones_own(till: PaymentsHarness) -> None:
    """Another customer's payment, or one that is none, is a 404; signed out it leads to the sign-in and back."""
    payer, _ = await till.bought()
    other = await till.payer()
    path = f"invoices/{payer.invoice}/return/{(await payer.checkout()).id}"
    assert (await other.get(path)).status_code == 404
    assert (await payer.get(f"invoices/{payer.invoice}/return/pp_none")).status_code == 404
    out = Browser(till.app, till.config.public_url)
    led = urlsplit((await out.get(f"/{SLUG}/{path}")).headers["Location"])
    assert (led.path, parse_qs(led.query)) == (f"/{SLUG}/sign-in", {"next": [f"/{SLUG}/{path}"]})
    asked = await out.get(f"{led.path}?{led.query}")
    form = {"next": wanted_in(asked.text), "email": payer.email}
    code_asked = await out.post(led.path, data=form)
    form["next"] = wanted_in(code_asked.text)
    # Browsers count loopback as secure, and httpx does not.
    out.headers["Cookie"] = code_asked.headers["Set-Cookie"].partition(";")[0]
    mail = await payer.mailed()
    entered = await out.post(led.path, data=form | {"code": mail["Subject"][:6]})
    assert (entered.status_code, entered.headers["Location"]) == (303, f"/{SLUG}/{path}")
    out.headers["Cookie"] = entered.headers["Set-Cookie"].partition(";")[0]
    assert "is paid." in (await out.get(entered.headers["Location"])).text


def wanted_in(page: str) -> str:
    """Where the form of a page goes on to."""
    found = re.search(r'name="next" value="([^"]+)"', page)
    assert found
    return html.unescape(found[1])
