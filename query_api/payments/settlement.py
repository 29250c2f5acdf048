"""Settlement of payments: asks Stripe, stores what it reports, and publishes it."""

import asyncio
import time
from collections.abc import Iterable
from typing import Final

import structlog

from query_api.payments.outbox_publisher import OutboxPublisher
from query_api.payments.stripe_api import StripeGateway, StripeRejected, StripeUnavailable
from query_api.payments.stripe_events import Json, outcome_of
from read_models.clock import Clock
from read_models.store import ReadModelStore
from read_models.store.operational import Checkout, CheckoutRepository, Notice, OperationalStore
from read_models.store.operational.checkouts import UNDER_WAY

log = structlog.get_logger(__name__)

PREFIX: Final = "pp_"
"""Subjects that begin with it are the portal's (docs/contracts/events.md, Payments of the portal)."""

LOOK_SECONDS: Final = 0.05


class Settlement:
    """Settlement of the payments of all businesses."""

    def __init__(
        self,
        records: OperationalStore,
        store: ReadModelStore,
        stripe: StripeGateway,
        sender: OutboxPublisher,
        clock: Clock,
    ) -> None:
        self.checkouts: CheckoutRepository = records.checkouts
        self.stripe = stripe
        self.sender = sender
        self._notices = records.notices
        self._store = store
        self._clock = clock

    async def payment_of(self, about: Json, account: str) -> Checkout | None:
        """Return the payment that an object of an account belongs to; None for one of somebody else's. Raises
        StripeUnavailable."""
        known = await self._named(about)
        intent = about.get("payment_intent")
        if known is None and isinstance(intent, str):
            known = await self.checkouts.of_intent(intent)
            if known is None and about["object"] in ("refund", "dispute"):
                # It came before what tells us the payment's id: the payment itself names it.
                try:
                    known = await self._named(await self.stripe.intent(account, intent))
                except StripeRejected:
                    return None
        return known if known is not None and known.account == account else None

    async def _named(self, about: Json) -> Checkout | None:
        names = about.get("metadata")
        id_ = names.get("payment") if isinstance(names, dict) else None
        if not isinstance(id_, str) or not id_.startswith(PREFIX):
            return None
        return await self.checkouts.find(id_)

    async def record_report(
        self, known: Checkout, session: str, refunds: Iterable[Json] = (), disputes: Iterable[Json] = ()
    ) -> Checkout | None:
        """Ask what became of a session and keep it. `refunds` and `disputes` are those that somebody told of.

        None when there is no record of it any more. Raises StripeUnavailable, StripeRejected.
        """
        found = await self.stripe.session(known.account, session)
        if (found["metadata"] or {}).get("payment") != known.id:
            log.warning("payments.foreign_session", payment=known.id)
            return known
        intent: Json = found["payment_intent"] or {}
        given_back, fought = (
            [one for one in told if intent and one.get("payment_intent") == intent["id"]]
            for told in (refunds, disputes)
        )
        charge: Json = intent.get("latest_charge") or {}
        if charge.get("amount_refunded"):
            given_back += await self.stripe.refunds(known.account, intent["id"])
        if charge.get("disputed"):
            fought += await self.stripe.disputes(known.account, intent["id"])
        now = self._clock()
        what = outcome_of(found, known.invoice, given_back, fought, now)

        def with_it(before: Checkout) -> Checkout:
            after = before.with_report(
                what.facts,
                what.state,
                session=before.session or session,
                url=before.url or found["url"],
                asked=None,
                intent=what.intent or before.intent,
            )
            if after.state in UNDER_WAY and after.since is None:
                after = after._replace(since=now)
            # What takes days is told when it is done: nobody keeps a page open for so long.
            if after.state == "processing" and after.mail is None:
                after = after._replace(mail="wanted")
            return after

        after = await self.checkouts.change(known.id, with_it)
        for refund in given_back:
            await self._watch(known, refund)
        self.sender.wake()
        return after

    async def on_return(self, known: Checkout) -> Checkout | None:
        """Record a report, as `record_report` does, when a customer returns; without Stripe it stays as it is."""
        if known.session is not None and known.state not in ("paid", "failed"):
            try:
                reported = await self.record_report(known, known.session)
            except (StripeUnavailable, StripeRejected):
                reported = known
            if reported is None:
                return None
            known = reported
        if known.returned_at is not None:
            return known
        now = self._clock()
        return await self.checkouts.change(
            known.id, lambda one: one._replace(returned_at=now) if one.returned_at is None else None
        )

    async def request_mail(self, known: Checkout) -> None:
        """Somebody is told that there will be a mail: there will."""
        if known.mail is None:
            await self.checkouts.change(
                known.id, lambda one: one._replace(mail="wanted") if one.mail is None else None
            )

    async def is_visible(self, known: Checkout, within_s: float) -> bool:
        """Return whether the views hold all that happened to a payment; waits for it, but not longer than
        `within_s`."""
        deadline = time.monotonic() + within_s
        while True:
            current = await self.checkouts.find(known.id)
            if current is None:
                return False
            if current.published == len(current.facts) and await self._is_applied(current):
                return True
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(LOOK_SECONDS)

    async def _is_applied(self, known: Checkout) -> bool:
        if not known.facts:
            return False
        last = known.facts[-1]
        if last.partition is None or last.offset is None:
            return False
        return await self._store.applied("payments", last.partition, last.offset)

    async def _watch(self, known: Checkout, refund: Json) -> None:
        """Tell operators of a refund that failed: the money is with the business again, and the customer's."""
        if refund["status"] in ("failed", "canceled"):
            detail = f"refund {refund['id']} of this payment did not reach the customer: Stripe gave it back"
            notice = Notice("refund_failed", known.business, known.id, self._clock(), detail)
            await self._notices.put(notice, known.customer)
