"""A stand-in for Stripe's hosted payment page, for development only: no money moves.

    python -m local_stack.payment_page PORT STRIPE_MOCK_URL     (PORTAL_STRIPE_WEBHOOK_SECRET in the environment)

| path | does |
|---|---|
| `/v1/…` | Stripe's API: every call goes to stripe-mock, which checks it; what we keep is then answered by us |
| `/pay/ID` | the page, with Pay, Decline, Pay by bank (settles later) and Cancel; POST `action=pay…` |
| `GET /control` · `POST /control` | `{webhook_url, delay_s, copies, shuffle}`, the attempts; POST changes |
| `POST /control/settle` | `{session, succeeded}`: what became of a payment by bank |
"""

import html
import json
import os
import re
import sys
import threading
from collections.abc import Iterable
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any
from urllib.parse import parse_qsl, urlsplit

import httpx

from local_stack.payment_page.session_store import FakeStripeState, Json, RefusedError
from local_stack.payment_page.webhooks import Webhooks

KINDS = {
    "checkout/sessions": "checkout.session",
    "payment_intents": "payment_intent",
    "charges": "charge",
    "refunds": "refund",
    "events": "event",
}
PASSED_ON = ("Authorization", "Content-Type", "Stripe-Version", "Stripe-Account", "Idempotency-Key")
LARGEST_BODY = 1024 * 1024


class StandIn(ThreadingHTTPServer):
    """The server: one ledger, one lock around every call that reads or changes it."""

    request_queue_size = 1024  # of the usual 5, a crowd that pays at once would be turned away

    def __init__(self, port: int, upstream: str, secret: str) -> None:
        """Listen on a port of 127.0.0.1; `upstream` is stripe-mock's address."""
        super().__init__(("127.0.0.1", port), Handler)
        self.site = f"http://127.0.0.1:{port}"
        self.stripe = httpx.Client(base_url=upstream, timeout=20, trust_env=False)
        self.ledger = FakeStripeState(self._example)
        self.webhooks = Webhooks(secret)
        self.lock = threading.Lock()
        self.answered: dict[tuple[str, str], tuple[str, Json]] = {}

    def _example(self, path: str) -> Json:
        answer: Json = self.stripe.get(
            f"/v1/{path}", headers={"Authorization": "Bearer sk_test_example"}
        ).json()
        return answer

    def call(
        self, method: str, path: str, headers: dict[str, str], body: str, query: str
    ) -> tuple[int, Json]:
        """Status and answer of an API call; `RefusedError` for what Stripe would refuse and stripe-mock lets pass."""
        account, key = headers.get("Stripe-Account", ""), headers.get("Idempotency-Key", "")
        target = path + (f"?{query}" if query else "")
        checked = self.stripe.request(method, target, headers=headers, content=body)
        if checked.status_code != 200:
            return checked.status_code, checked.json()
        asked = f"{method} {path} {body}"
        if method == "POST" and key and (account, key) in self.answered:
            before, answer = self.answered[account, key]
            if before != asked:
                raise RefusedError(
                    400, "idempotency_error", "This Idempotency-Key was used with other parameters."
                )
            return 200, answer
        params = nested(parse_qsl(body or query))
        answer = self._act(method, path.removeprefix("/v1/"), params, account, checked.json())
        paths = params.get("expand", {}).values()
        answer = self.ledger.expanded(answer, paths)
        if method == "POST" and key:
            self.answered[account, key] = (asked, answer)
        return 200, answer

    def _act(self, method: str, path: str, params: Json, account: str, base: Json) -> Json:
        folder = next((folder for folder in KINDS if path == folder or path.startswith(f"{folder}/")), "")
        id_, _, verb = path[len(folder) + 1 :].partition("/")
        match (method, folder, bool(id_), verb):
            case ("POST", "checkout/sessions", False, ""):
                return self.ledger.create_session(base, params, account, self.site)
            case ("POST", "checkout/sessions", True, "expire"):
                return self.ledger.expire(self.ledger.get(id_, "checkout.session", account), account)
            case ("POST", "refunds", False, ""):
                return self.ledger.refund(base, params, account)
            case ("GET", str(), True, "") if folder:
                return self.ledger.get(id_, KINDS[folder], account)
            case ("GET", str(), False, "") if folder:
                return self.ledger.page(KINDS[folder], account, params) | {"url": f"/v1/{folder}"}
        return base


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    server: StandIn
    protocol_version = "HTTP/1.1"
    wbufsize = -1  # head and body in one packet: apart, they wait for each other's acknowledgement

    def do_GET(self) -> None:
        """Read."""
        self._serve("")

    def do_POST(self) -> None:
        """Change."""
        size = int(self.headers.get("Content-Length") or 0)
        if size > LARGEST_BODY:
            self.close_connection = True
            self._json(413, {"error": {"message": "too large"}})
            return
        self._serve(self.rfile.read(size).decode())

    def _serve(self, body: str) -> None:
        parts = urlsplit(self.path)
        try:
            # Under one lock: two calls with the same idempotency key make one session.
            with self.server.lock:
                self._route(parts.path, parts.query, body)
                self.server.webhooks.send(self.server.ledger.take_events())
        except RefusedError as refusal:
            kind = refusal.code if refusal.code == "idempotency_error" else "invalid_request_error"
            error = {"type": kind, "code": refusal.code, "message": refusal.message}
            self._json(refusal.status, {"error": error})
        except httpx.HTTPError as error:
            self._json(
                502, {"error": {"type": "api_error", "message": f"stripe-mock does not answer: {error!r}"}}
            )
        except (ValueError, TypeError, KeyError) as error:
            self._json(
                400, {"error": {"type": "invalid_request_error", "message": f"not understood: {error!r}"}}
            )

    def _route(self, path: str, query: str, body: str) -> None:
        if path.startswith("/v1/"):
            headers = {name: value for name in PASSED_ON if (value := self.headers.get(name))}
            self._json(*self.server.call(self.command, path, headers, body, query))
        elif path.startswith("/pay/"):
            self._page(path.removeprefix("/pay/"), dict(parse_qsl(body)).get("action", ""))
        elif path == "/control":
            if self.command == "POST":
                self.server.webhooks.configure(json.loads(body))
            self._json(200, self.server.webhooks.state())
        elif path == "/control/settle" and self.command == "POST":
            wanted = json.loads(body)
            account, session = self.server.ledger.find(wanted["session"])
            self.server.ledger.settle(session, account, succeeded=bool(wanted["succeeded"]))
            self._json(200, session)
        else:
            raise RefusedError(404, "resource_missing", f"There is nothing at {path}.")

    def _page(self, id_: str, action: str) -> None:
        ledger = self.server.ledger
        account, session = ledger.find(id_)
        acts = {"pay": ledger.pay, "decline": ledger.decline, "bank": ledger.promise}
        if action in acts and session["status"] == "open":
            acts[action](session, account)
        if action in ("pay", "bank") and session["status"] == "complete":
            self._redirect(session["success_url"].replace("{CHECKOUT_SESSION_ID}", session["id"]))
        elif action == "cancel" and session["cancel_url"]:
            self._redirect(session["cancel_url"])
        else:
            self._answer(
                200, "text/html; charset=utf-8", page(session, declined=action == "decline").encode()
            )

    def _redirect(self, where: str) -> None:
        self._answer(303, "text/plain", b"", ("Location", where))

    def _json(self, status: int, value: Json) -> None:
        self._answer(status, "application/json", json.dumps(value).encode(), ("Request-Id", "req_stand_in"))

    def _answer(self, status: int, kind: str, body: bytes, *headers: tuple[str, str]) -> None:
        self.send_response(status)
        for name, value in (("Content-Type", kind), ("Content-Length", str(len(body))), *headers):
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)


def page(session: Json, *, declined: bool) -> str:
    """Return the payment page of a session, or a sentence when it is not open any more."""
    amount = html.escape(f"{session['amount_total'] / 100:.2f} {session['currency'].upper()}")
    if session["status"] == "open":
        buttons = (("pay", "Pay"), ("decline", "Decline"), ("bank", "Pay by bank"), ("cancel", "Cancel"))
        form = "".join(f'<button name="action" value="{value}">{text}</button> ' for value, text in buttons)
        content = f'<form method="post">{form}</form>'
    else:
        content = f"<p>This payment is {html.escape(session['status'])}.</p>"
    note = '<p role="alert">Your card was declined.</p>' if declined else ""
    return (
        '<!doctype html><html lang="en"><meta charset="utf-8"><title>Payment (stand-in)</title>'
        '<meta name="viewport" content="width=device-width"><link rel="icon" href="data:,">'
        f"<h1>{amount}</h1>{note}{content}<p>A stand-in for Stripe's page: no money moves.</p></html>"
    )


def nested(pairs: Iterable[tuple[str, str]]) -> Json:
    """Form fields as Stripe writes them, `a[b][0]=c`, as nested dictionaries; lists have their indices as keys."""
    result: Json = {}
    for name, value in pairs:
        *above, last = re.findall(r"[^\[\]]+|(?<=\[)(?=\])", name)
        place: dict[str, Any] = result
        for key in above:
            place = place.setdefault(key, {})
        place[last or str(len(place))] = value
    return result


def main() -> None:
    """Serve until it is killed."""
    port, upstream = int(sys.argv[1]), sys.argv[2]
    StandIn(port, upstream, os.environ["PORTAL_STRIPE_WEBHOOK_SECRET"]).serve_forever()


if __name__ == "__main__":
    main()
