"""The stand-in for Stripe: what a caller of Stripe's API, a customer at the payment page and a webhook see of it."""

import json
import queue
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any

import httpx
import pytest
import stripe

from local_stack.stack import Stack

ACCOUNT = "acct_1"
# Stripe's client hands httpx the body under a name that httpx is giving up.
pytestmark = pytest.mark.filterwarnings("ignore:Use 'content=:DeprecationWarning")


@pytest.fixture(scope="module")
def env(stack: Stack) -> dict[str, str]:
    return stack.env


@pytest.fixture(scope="module")
def client(env: dict[str, str]) -> Iterator[stripe.StripeClient]:
    http = stripe.HTTPXClient(allow_sync_methods=True)
    yield stripe.StripeClient(
        env["PORTAL_STRIPE_API_KEY"],
        base_addresses={"api": env["PORTAL_STRIPE_API_BASE"]},
        http_client=http,
    )
    http.close()  # type: ignore[no-untyped-call]


class Endpoint:
    """A webhook endpoint: verified events in the order of their arrival; refuses the first `refuse` calls."""

    def __init__(self, secret: str) -> None:
        self.events: queue.Queue[stripe.Event] = queue.Queue()
        self.refuse = 0
        endpoint = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                body = self.rfile.read(int(self.headers["Content-Length"]))
                event = stripe.Webhook.construct_event(body, self.headers["Stripe-Signature"], secret)
                endpoint.refuse -= 1
                if endpoint.refuse < 0:
                    endpoint.events.put(event)
                self.send_response(500 if endpoint.refuse >= 0 else 200)
                self.end_headers()

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server.server_port}/"
        threading.Thread(target=self.server.serve_forever, args=(0.02,), daemon=True).start()

    def take(self, count: int) -> list[stripe.Event]:
        return [self.events.get(timeout=60) for _ in range(count)]


@pytest.fixture
def endpoint(env: dict[str, str]) -> Iterator[Endpoint]:
    one = Endpoint(env["PORTAL_STRIPE_WEBHOOK_SECRET"])
    control(env, webhook_url=one.url, delay_s=0, copies=1, shuffle=False)
    yield one
    control(env, webhook_url=None)
    one.server.shutdown()
    one.server.server_close()


def control(env: dict[str, str], **settings: Any) -> None:
    httpx.post(f"{env['LOCAL_STRIPE_CONTROL']}/control", json=settings).raise_for_status()


def create(client: stripe.StripeClient, key: str = "", amount: int = 12000) -> stripe.checkout.Session:
    price: Any = {"currency": "usd", "unit_amount": amount, "product_data": {"name": "Invoice 1042"}}
    options: Any = {"stripe_account": ACCOUNT} | ({"idempotency_key": key} if key else {})
    return client.v1.checkout.sessions.create(
        {
            "mode": "payment",
            "line_items": [{"quantity": 1, "price_data": price}],
            "client_reference_id": "inv_1",
            "metadata": {"invoice": "inv_1"},
            "payment_intent_data": {"metadata": {"customer": "cus_1"}},
            "success_url": "http://127.0.0.1:1/done?session={CHECKOUT_SESSION_ID}",
            "cancel_url": "http://127.0.0.1:1/cancelled",
        },
        options,
    )


def session_of(client: stripe.StripeClient, id_: str, account: str = ACCOUNT) -> stripe.checkout.Session:
    expand = ["payment_intent.latest_charge"]
    return client.v1.checkout.sessions.retrieve(id_, {"expand": expand}, {"stripe_account": account})


def act(session: stripe.checkout.Session, action: str) -> httpx.Response:
    assert session.url is not None
    return httpx.post(session.url, data={"action": action})


def types(events: list[stripe.Event]) -> list[str]:
    return [event.type for event in events]


def test_a_session_is_kept_as_it_was_asked_for(client: stripe.StripeClient) -> None:
    """It is open, unpaid, and has the caller's amount, reference and metadata."""
    session = session_of(client, create(client).id)
    assert (
        session.amount_total,
        session.currency,
        session.status,
        session.payment_status,
    ) == (12000, "usd", "open", "unpaid")
    assert (
        session.client_reference_id,
        session.metadata and session.metadata.to_dict(),
    ) == ("inv_1", {"invoice": "inv_1"})


def test_the_same_key_gives_the_same_session(client: stripe.StripeClient) -> None:
    """And with other parameters it is an error, as with Stripe."""
    assert create(client, "key-1").id == create(client, "key-1").id != create(client, "key-2").id
    with pytest.raises(stripe.IdempotencyError):
        create(client, "key-1", amount=1)


def test_what_stripe_would_refuse_is_refused(client: stripe.StripeClient) -> None:
    """A parameter that Stripe does not know, and a session of another account."""
    unknown: Any = {"mode": "payment", "bogus": "1"}
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.checkout.sessions.create(unknown)
    with pytest.raises(stripe.InvalidRequestError) as refusal:
        session_of(client, create(client).id, "acct_2")
    assert refusal.value.http_status == 404


def test_paying_completes_the_session_and_says_so(client: stripe.StripeClient, endpoint: Endpoint) -> None:
    """The customer is led back, the events are signed and name the account, a second Pay does nothing."""
    session = create(client)
    answer = act(session, "pay")
    assert (303, f"http://127.0.0.1:1/done?session={session.id}") == (
        answer.status_code,
        answer.headers["Location"],
    )
    events = endpoint.take(4)
    expected = [
        "payment_intent.created",
        "charge.succeeded",
        "payment_intent.succeeded",
        "checkout.session.completed",
    ]
    assert expected == types(events)
    assert (ACCOUNT, session.id) == (events[3].account, events[3].data.object["id"])

    paid = session_of(client, session.id)
    assert (paid.status, paid.payment_status) == ("complete", "paid")
    assert isinstance(paid.payment_intent, stripe.PaymentIntent)
    assert (paid.payment_intent.status, paid.payment_intent.amount_received) == ("succeeded", 12000)
    assert paid.payment_intent.metadata.to_dict() == {"customer": "cus_1"}
    assert isinstance(paid.payment_intent.latest_charge, stripe.Charge)
    act(session, "pay")
    charges = client.v1.charges.list({"payment_intent": paid.payment_intent.id}, {"stripe_account": ACCOUNT})
    assert [paid.payment_intent.latest_charge.id] == [charge.id for charge in charges.data]


def test_after_a_decline_one_can_try_again(client: stripe.StripeClient, endpoint: Endpoint) -> None:
    """The session stays open; the second attempt belongs to the same payment."""
    session = create(client)
    assert "Your card was declined." in act(session, "decline").text
    failed = endpoint.take(3)
    assert types(failed) == ["payment_intent.created", "charge.failed", "payment_intent.payment_failed"]
    assert session_of(client, session.id).status == "open"
    act(session, "pay")
    assert failed[2].data.object["id"] == endpoint.take(3)[2].data.object["payment_intent"]


def test_cancelling_and_expiring_take_no_money(client: stripe.StripeClient, endpoint: Endpoint) -> None:
    """Cancel leads back and leaves the session open; an expired one cannot be paid."""
    session = create(client)
    assert act(session, "cancel").headers["Location"] == "http://127.0.0.1:1/cancelled"
    assert client.v1.checkout.sessions.expire(session.id, {}, {"stripe_account": ACCOUNT}).status == "expired"
    assert types(endpoint.take(1)) == ["checkout.session.expired"]
    assert "This payment is expired." in act(session, "pay").text
    assert session_of(client, session.id).payment_status == "unpaid"


def test_a_payment_by_bank_settles_later(
    client: stripe.StripeClient, endpoint: Endpoint, env: dict[str, str]
) -> None:
    """Complete and unpaid at first; then what the control says becomes of it."""
    for succeeded, last in ((True, "paid"), (False, "unpaid")):
        session = create(client)
        act(session, "bank")
        assert types(endpoint.take(4))[3] == "checkout.session.completed"
        assert session_of(client, session.id).payment_status == "unpaid"
        settle = f"{env['LOCAL_STRIPE_CONTROL']}/control/settle"
        assert httpx.post(settle, json={"session": session.id, "succeeded": succeeded}).is_success
        word = "succeeded" if succeeded else "failed"
        assert f"checkout.session.async_payment_{word}" == types(endpoint.take(3))[2]
        assert last == session_of(client, session.id).payment_status


def test_a_payment_is_refunded_in_parts(client: stripe.StripeClient, endpoint: Endpoint) -> None:
    """Up to what was paid and no further."""
    session = create(client)
    act(session, "pay")
    endpoint.take(4)
    intent = session_of(client, session.id).payment_intent
    assert isinstance(intent, stripe.PaymentIntent)
    for amount in (2000, 10000):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": amount}, {"stripe_account": ACCOUNT})
        refund, charge = endpoint.take(2)
        assert (refund.type, charge.type) == ("refund.created", "charge.refunded")
        assert amount == refund.data.object["amount"]
    assert (charge.data.object["amount_refunded"], charge.data.object["refunded"]) == (12000, True)
    with pytest.raises(stripe.InvalidRequestError):
        client.v1.refunds.create({"payment_intent": intent.id, "amount": 1}, {"stripe_account": ACCOUNT})


def test_events_come_twice_out_of_order_and_again_after_a_refusal(
    client: stripe.StripeClient, endpoint: Endpoint, env: dict[str, str]
) -> None:
    """All that Stripe does not promise, when told to."""
    control(env, copies=2, shuffle=True, delay_s=0.1)
    endpoint.refuse = 1
    act(create(client), "pay")
    events = endpoint.take(8)
    assert types(events[:4]) == types(events[4:])
    assert (events[0].type, events[3].type) == ("checkout.session.completed", "payment_intent.created")
    attempts = httpx.get(f"{env['LOCAL_STRIPE_CONTROL']}/control").json()["attempts"]
    assert [attempt["status"] for attempt in attempts if attempt["event"] == events[0].id][:2] == [500, 200]


def test_lists_are_of_the_account_newest_first_and_paged(client: stripe.StripeClient) -> None:
    """As reconciliation reads them."""
    options: Any = {"stripe_account": "acct_lists"}
    price: Any = {"currency": "usd", "unit_amount": 100, "product_data": {"name": "x"}}
    made = [
        client.v1.checkout.sessions.create(
            {
                "mode": "payment",
                "line_items": [{"quantity": 1, "price_data": price}],
                "success_url": "http://x/",
            },
            options,
        ).id
        for _ in range(3)
    ]
    listed = client.v1.checkout.sessions.list({"limit": 2, "created": {"gte": 1}}, options)
    assert made[::-1] == [session.id for session in listed.auto_paging_iter()]
    assert client.v1.checkout.sessions.list({"created": {"lt": 1}}, options).data == []


def test_control_names_what_it_does_not_understand(env: dict[str, str]) -> None:
    """A typing error in a test must not pass for a setting."""
    answer = httpx.post(f"{env['LOCAL_STRIPE_CONTROL']}/control", content=json.dumps({"copys": 2}))
    assert answer.status_code == 400
    assert "copys" in answer.text
