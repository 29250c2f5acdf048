"""In-memory state of the payment stand-in: sessions, payments, charges, refunds and events in Stripe's shapes.

Objects begin as stripe-mock's example of their kind, so that every field of Stripe's schema is there; what matters to a
caller is then set as Stripe would. Amounts are integers in the currency's smallest unit. Nothing expires by itself.
"""

import copy
import secrets
import time
from collections.abc import Callable, Iterable, Mapping
from typing import Any

# Stripe's objects: their fields are Stripe's business, checked by stripe-mock.
Json = dict[str, Any]
DAY_S = 24 * 60 * 60
BOUNDS: Mapping[str, Callable[[int, int], bool]] = {
    "gt": int.__gt__,
    "gte": int.__ge__,
    "lt": int.__lt__,
    "lte": int.__le__,
}
DECLINED = {
    "type": "card_error",
    "code": "card_declined",
    "decline_code": "generic_decline",
    "message": "Your card was declined.",
}
BANK = {"type": "us_bank_account", "us_bank_account": {"bank_name": "STRIPE TEST BANK", "last4": "6789"}}


class RefusedError(Exception):
    """A call that Stripe would refuse: HTTP status, Stripe's code, and a sentence."""

    def __init__(self, status: int, code: str, message: str) -> None:
        """Keep the three apart, for the answer."""
        super().__init__(message)
        self.status, self.code, self.message = status, code, message


class FakeStripeState:
    """All objects of all accounts. `example` gives stripe-mock's example of a path such as `charges/x`."""

    def __init__(self, example: Callable[[str], Json]) -> None:
        """Start empty."""
        self._example = example
        self._objects: dict[str, tuple[str, Json]] = {}
        self._intents: dict[str, Json] = {}  # what a session's payment will be made from
        self._unsent: list[Json] = []

    def get(self, id_: str, kind: str, account: str) -> Json:
        """Return an object by its id; `RefusedError` with 404 where this account has none, whoever else has."""
        owner, found = self._objects.get(id_, (None, {}))
        if owner != account or found["object"] != kind:
            raise RefusedError(404, "resource_missing", f"No such {kind}: '{id_}'")
        return found

    def find(self, id_: str) -> tuple[str, Json]:
        """Return a session by its id alone, and its account: who pays does not say whose it is."""
        account = self._objects.get(id_, ("", {}))[0]
        return account, self.get(id_, "checkout.session", account)

    def page(self, kind: str, account: str, query: Json) -> Json:
        """Return a list as Stripe answers it: newest first, by equal fields and bounds on `created`."""
        rows = [
            row
            for owner, row in reversed(self._objects.values())
            if owner == account and row["object"] == kind
        ]
        created = query.get("created", {})
        for bound, limit in created.items() if isinstance(created, dict) else ():
            rows = [row for row in rows if BOUNDS[bound](row["created"], int(limit))]
        for field in ("payment_intent", "charge", "status", "type", "client_reference_id"):
            if field in query:
                rows = [row for row in rows if row.get(field) == query[field]]
        if after := query.get("starting_after"):
            ids = [row["id"] for row in rows]
            rows = rows[ids.index(after) + 1 :] if after in ids else []
        size = int(query.get("limit", 10))
        return {"object": "list", "data": rows[:size], "has_more": len(rows) > size}

    def expanded(self, value: Json, paths: Iterable[str]) -> Json:
        """Return a copy in which ids at the given dotted paths are replaced by their objects."""
        value = copy.deepcopy(value)
        for path in paths:
            places: list[Any] = [value]
            for name in path.split("."):
                for place in places:
                    if isinstance(place.get(name), str) and place[name] in self._objects:
                        place[name] = copy.deepcopy(self._objects[place[name]][1])
                below = [place.get(name) for place in places]
                places = [row for one in below for row in (one if isinstance(one, list) else [one])]
                places = [place for place in places if isinstance(place, dict)]
        return value

    def take_events(self) -> list[Json]:
        """Return the events since the last call, oldest first."""
        events, self._unsent = self._unsent, []
        return events

    def create_session(self, base: Json, params: Json, account: str, site: str) -> Json:
        """Return a new session from the caller's parameters; its page is below `site`."""
        lines = [item for item in params.get("line_items", {}).values() if "price_data" in item]
        if params.get("mode") != "payment" or not lines or len(lines) != len(params["line_items"]):
            raise RefusedError(
                400, "stand_in", "The stand-in knows mode=payment and line_items with price_data only."
            )
        amount = sum(int(line["price_data"]["unit_amount"]) * int(line.get("quantity", 1)) for line in lines)
        id_ = f"cs_test_{secrets.token_hex(20)}"
        self._intents[id_] = params.get("payment_intent_data", {})
        unset = (
            "currency_conversion",
            "customer_details",
            "shipping_cost",
            "collected_information",
            "payment_intent",
        )
        return self._keep(
            account,
            {
                **base,
                **dict.fromkeys(unset),
                "id": id_,
                "url": f"{site}/pay/{id_}",
                "status": "open",
                "payment_status": "unpaid",
                "amount_subtotal": amount,
                "amount_total": amount,
                "currency": lines[0]["price_data"]["currency"],
                "expires_at": int(params.get("expires_at", time.time() + DAY_S)),
                "metadata": params.get("metadata", {}),
                "total_details": {"amount_discount": 0, "amount_shipping": 0, "amount_tax": 0},
            },
        )

    def expire(self, session: Json, account: str) -> Json:
        """Close an open session, unpaid."""
        self._require_open(session)
        session |= {"status": "expired", "url": None}
        self._say(account, ("checkout.session.expired", session))
        return session

    def pay(self, session: Json, account: str) -> None:
        """Record that the customer paid by card."""
        charge, intent = self._attempt(session, account)
        self._succeed(session, charge, intent)
        session |= {"status": "complete", "url": None}
        self._say(account, *_succeeded(charge, intent), ("checkout.session.completed", session))

    def decline(self, session: Json, account: str) -> None:
        """Record that the card was refused; the session stays open for another try."""
        charge, intent = self._attempt(session, account)
        self._fail(charge, intent)
        self._say(account, *_failed(charge, intent))

    def promise(self, session: Json, account: str) -> None:
        """Record a payment by bank, which takes days: complete and not yet paid, until `settle`."""
        charge, intent = self._attempt(session, account)
        charge |= {"status": "pending", "payment_method_details": BANK}
        intent |= {"status": "processing"}
        session |= {"status": "complete", "url": None}
        pending = (("charge.pending", charge), ("payment_intent.processing", intent))
        self._say(account, *pending, ("checkout.session.completed", session))

    def settle(self, session: Json, account: str, *, succeeded: bool) -> None:
        """Record the result of a payment by bank."""
        if session["status"] != "complete" or session["payment_status"] == "paid":
            raise RefusedError(
                400, "parameter_unknown", "Only a payment by bank that is still processing can be settled."
            )
        intent = self.get(session["payment_intent"], "payment_intent", account)
        charge = self.get(intent["latest_charge"], "charge", account)
        if succeeded:
            self._succeed(session, charge, intent)
            self._say(
                account, *_succeeded(charge, intent), ("checkout.session.async_payment_succeeded", session)
            )
        else:
            self._fail(charge, intent)
            self._say(account, *_failed(charge, intent), ("checkout.session.async_payment_failed", session))

    def refund(self, base: Json, params: Json, account: str) -> Json:
        """Give money back, all that is left of the charge unless an amount is named."""
        if "payment_intent" in params:
            charge_id = self.get(params["payment_intent"], "payment_intent", account)["latest_charge"]
        else:
            charge_id = params.get("charge", "")
        charge = self.get(charge_id, "charge", account)
        left = charge["amount_captured"] - charge["amount_refunded"]
        amount = int(params.get("amount", left))
        if not 0 < amount <= left:
            raise RefusedError(
                400,
                "charge_already_refunded",
                f"Refund amount ({amount}) is not within what is left ({left}).",
            )
        charge["amount_refunded"] += amount
        charge["refunded"] = charge["amount_refunded"] == charge["amount"]
        told = {
            "charge": charge["id"],
            "payment_intent": charge["payment_intent"],
            "currency": charge["currency"],
        }
        refund = {**base, **told, "id": _id("re"), "amount": amount, "metadata": params.get("metadata", {})}
        self._keep(account, refund | {"status": "succeeded", "reason": params.get("reason")})
        self._say(account, ("refund.created", refund), ("charge.refunded", charge))
        return refund

    def _attempt(self, session: Json, account: str) -> tuple[Json, Json]:
        """Return a charge of the session's payment, which is made at the first attempt, as Stripe does."""
        self._require_open(session)
        wanted = self._intents[session["id"]]
        metadata = wanted.get("metadata", {})
        money = {"amount": session["amount_total"], "currency": session["currency"], "metadata": metadata}
        if session["payment_intent"] is None:
            unset = (
                "last_payment_error",
                "next_action",
                "processing",
                "canceled_at",
                "transfer_data",
                "shipping",
            )
            intent = {
                **self._example("payment_intents/pi_x"),
                **dict.fromkeys(unset),
                **money,
                "id": _id("pi"),
            }
            intent["description"] = wanted.get("description")
            session["payment_intent"] = self._keep(account, intent)["id"]
            self._say(account, ("payment_intent.created", intent))
        intent = self.get(session["payment_intent"], "payment_intent", account)
        charge = {**self._example("charges/ch_x"), **money, "id": _id("ch"), "payment_intent": intent["id"]}
        charge |= {
            "paid": False,
            "amount_refunded": 0,
            "refunded": False,
            "transfer_data": None,
            "shipping": None,
        }
        charge.pop("refunds", None)  # Stripe leaves it out unless asked for
        intent["latest_charge"] = self._keep(account, charge)["id"]
        session["customer_details"] = {"email": session.get("customer_email"), "name": None}
        return charge, intent

    def _require_open(self, session: Json) -> None:
        if session["status"] != "open":
            raise RefusedError(
                400, "", f"This Checkout Session is {session['status']} and not open any more."
            )

    @staticmethod
    def _succeed(session: Json, charge: Json, intent: Json) -> None:
        charge |= {"status": "succeeded", "paid": True, "captured": True, "amount_captured": charge["amount"]}
        intent |= {"status": "succeeded", "amount_received": intent["amount"], "last_payment_error": None}
        session["payment_status"] = "paid"

    @staticmethod
    def _fail(charge: Json, intent: Json) -> None:
        charge |= {
            "status": "failed",
            "failure_code": DECLINED["code"],
            "failure_message": DECLINED["message"],
        }
        intent |= {"status": "requires_payment_method", "last_payment_error": DECLINED}

    def _keep(self, account: str, value: Json) -> Json:
        value["created"] = int(time.time())
        self._objects[value["id"]] = (account, value)
        return value

    def _say(self, account: str, *happened: tuple[str, Json]) -> None:
        for what, value in happened:
            event: Json = {
                "id": _id("evt"),
                "object": "event",
                "type": what,
                "livemode": False,
                "pending_webhooks": 1,
            }
            event |= {"api_version": None, "data": {"object": copy.deepcopy(value)}}
            event |= {"request": {"id": None, "idempotency_key": None}} | (
                {"account": account} if account else {}
            )
            self._unsent.append(self._keep(account, event))


def _succeeded(charge: Json, intent: Json) -> tuple[tuple[str, Json], ...]:
    return (("charge.succeeded", charge), ("payment_intent.succeeded", intent))


def _failed(charge: Json, intent: Json) -> tuple[tuple[str, Json], ...]:
    return (("charge.failed", charge), ("payment_intent.payment_failed", intent))


def _id(prefix: str) -> str:
    return f"{prefix}_{secrets.token_hex(12)}"
