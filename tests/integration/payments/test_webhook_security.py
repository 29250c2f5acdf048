"""The webhook, attacked: what Stripe did not sign is refused, and what it did is asked about before it is believed."""

import asyncio
import gzip
import json
import time
from typing import Any

import httpx
import pytest

from query_api.payments.routes import MAX_EVENT_BYTES
from tests.integration.harness.customer_surface import Browser
from tests.integration.payments.harness import PaymentsHarness
from tests.integration.payments.payer import ACCOUNT, Json, Payer

pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


async def posted(
    till: PaymentsHarness, body: bytes, signature: str | bytes | None, **headers: str
) -> httpx.Response:
    """What the webhook answers to these bytes."""
    sent: list[tuple[bytes, bytes]] = [(name.encode(), value.encode()) for name, value in headers.items()]
    if signature is not None:
        sent.append((b"Stripe-Signature", signature.encode() if isinstance(signature, str) else signature))
    async with Browser(till.app, till.config.public_url) as stripe:
        return await stripe.post("/-/webhooks/stripe", content=body, headers=sent)


async def completed(till: PaymentsHarness, payer: Payer, page: str) -> Json:
    """An event that says that somebody has paid."""
    session = await till.stripe("GET", f"checkout/sessions/{page.rpartition('/')[2]}")
    paid = session | {"status": "complete", "payment_status": "paid"}
    return {
        "id": f"evt_{payer.id}",
        "object": "event",
        "type": "checkout.session.completed",
        "account": ACCOUNT,
        "data": {"object": paid},
    }


async def test_what_is_not_signed_is_refused_in_the_same_words(till: PaymentsHarness) -> None:
    """Whatever is wrong with the signature, and of whichever bytes it is: one answer, and nothing is kept."""
    payer, page = await till.bought()
    event = await completed(till, payer, page)
    body = json.dumps(event).encode()
    right = till.signature(body)
    at, _, signature = right.removeprefix("t=").partition(",v1=")
    other = json.dumps(event | {"id": "evt_other"}).encode()
    signatures: list[str | bytes | None] = [
        *(None, "", "t", "t=", "v1", f"t={at}", f"v1={signature}", f"t={at},v1=", f"t=,v1={signature}"),
        *(f"t={at},v0={signature}", f"t={at},v1={signature[:-1]}", f"t={at},v1={signature}0"),
        *(f"t={int(at) + 1},v1={signature}", f"t={at}.0,v1={signature}", f"t={'9' * 5000},v1={signature}"),
        *(f"t={at},v1={signature.upper()}", f"t={at};v1={signature}", f"t={at},t=1,v1={signature[::-1]}"),
        *(f"t={at},v1=é{signature}".encode(), b"t=" + at.encode() + b",v1=\xff", b"\xff\xfe"),
        *(till.signature(other), till.signature(b""), till.signature(body, secret="whsec_")),
        till.signature(body, age_s=301),
    ]
    answers = [await posted(till, body, one) for one in signatures]
    # Of the same JSON, in other bytes.
    answers += [
        await posted(till, json.dumps(event, indent=1).encode(), right),
        await posted(till, body + b"\n", right),
        await posted(till, gzip.compress(body), right, **{"Content-Encoding": "gzip"}),
        await posted(till, b"\xff" + body, right),
    ]
    assert {(one.status_code, one.content) for one in answers} == {(400, answers[0].content)}
    assert (await payer.checkout()).facts == ()
    assert (await posted(till, body, right)).status_code == 200
    await payer.one_payment()


async def test_what_stripe_signed_makes_no_mistakes_here(till: PaymentsHarness) -> None:
    """Odd JSON, parts that are missing or other than they should be: taken as none of ours, or refused."""
    payer = await till.payer()
    event = await completed(till, payer, await payer.page())
    about = event["data"]["object"]
    odd: list[bytes] = [
        *(b"", b"null", b"[]", b"1", b'"x"', b"{", b"[" * 100_000, b"\xff", b"{}", b'{"type": []}'),
        b'{"type": {"$gt": ""}, "account": "x"}',
    ]
    accounts: list[Any] = [None, 1, [ACCOUNT], {"$gt": ""}, "", "acct_other", "ACCT_TILL"]
    parts: list[Any] = [None, [], "x", {}]
    objects: list[Any] = [
        *({"id": None}, {"id": ["cs"]}, {"id": "cs_test_" + "0" * 5000}, {"object": 1}),
        *({"metadata": []}, {"metadata": "pp_1"}, {"metadata": None, "payment_intent": {"$gt": ""}}),
        *({"metadata": {"payment": name}} for name in ({"$gt": ""}, "pp_\0", "pp_\ud800")),
    ]
    said = [
        *(event | {"account": one} for one in accounts),
        *(event | {"data": one} for one in parts),
        *(event | {"data": {"object": one}} for one in parts),
        *(event | {"data": {"object": about | one}} for one in objects),
    ]
    odd += [json.dumps(one).encode() for one in said]
    answers = [(body[:200], await posted(till, body, till.signature(body))) for body in odd]
    assert [(body, one.status_code) for body, one in answers if one.status_code not in (200, 400)] == []
    assert (await payer.checkout()).facts == ()
    assert await till.log(payer.id) == []


async def test_what_a_body_says_of_a_session_is_not_believed(till: PaymentsHarness) -> None:
    """Stripe is asked: a session that is open there is not paid, however the body has it, or how often."""
    payer, other = await till.payer(), await till.bought()
    page = await payer.page()
    event = await completed(till, payer, page)
    paid = await completed(till, *other)
    exchanged = {**event, "data": {"object": event["data"]["object"] | {"id": paid["data"]["object"]["id"]}}}
    twice = json.dumps(event | {"account": "acct_other"})[:-1] + f', "account": "{ACCOUNT}"}}'
    for body in (json.dumps(event).encode(), json.dumps(exchanged).encode(), twice.encode()):
        assert (await posted(till, body, till.signature(body))).status_code == 200
    known = await payer.checkout()
    assert (known.state, known.facts) == ("open", ())
    assert (await other[0].checkout()).facts == ()
    assert (await payer.detail())["processing"] is None


async def test_only_so_much_is_read_and_whatever_it_is_called(till: PaymentsHarness) -> None:
    """A megabyte at most, signed or not; the content type says nothing of who sent it."""
    payer, page = await till.bought()
    event = await completed(till, payer, page)
    large = json.dumps(event | {"padding": "z" * MAX_EVENT_BYTES}).encode()
    for signature in (till.signature(large), "t=1,v1=0"):
        assert (await posted(till, large, signature)).status_code == 413
    assert (await payer.checkout()).facts == ()
    body = json.dumps(event).encode()
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data; boundary=x", "x"):
        forged = await posted(till, body, "t=1,v1=0", **{"Content-Type": kind})
        taken = await posted(till, body, till.signature(body), **{"Content-Type": kind})
        assert (forged.status_code, taken.status_code) == (400, 200)
    async with Browser(till.app, till.config.public_url) as curious:
        assert (await curious.get("/-/webhooks/stripe")).status_code == 405
    await payer.one_payment()


async def test_a_crowd_of_forgeries_keeps_nobody_from_being_paid(till: PaymentsHarness) -> None:
    """Hundreds at once, the true one in the middle of them."""
    payer, page = await till.bought()
    body = json.dumps(await completed(till, payer, page)).encode()
    forged = f"t={int(time.time())},v1={'0' * 64}"
    signatures = [*[forged] * 150, till.signature(body), *[forged] * 150]
    answers = await asyncio.gather(*(posted(till, body, one) for one in signatures))
    assert sorted(one.status_code for one in answers) == [200] + [400] * 300
    await payer.one_payment()
