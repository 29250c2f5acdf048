"""Paying an invoice: where it is paid, and what became of it. Whether webhook or browser asks makes no difference."""

import asyncio
import secrets
import time
from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import structlog

from query_api.payments.amounts import chargeable
from query_api.payments.asking import Paying, asked
from query_api.payments.errors import CannotPay, ProviderAway
from query_api.payments.facts import Json, seen
from query_api.payments.sender import Sender
from query_api.payments.stripe_api import StripeApi, StripeAway, StripeRefused
from query_api.sign_in.sessions import Session
from query_api.tenancy import Portals
from read_models.customer import folded
from read_models.documents import Doc, document_id, money
from read_models.reads import Clock
from read_models.store import Store
from read_models.store.records import Checkout, Checkouts, Notice, Records
from read_models.store.records.checkouts import BEGUN, UNDER_WAY

log = structlog.get_logger(__name__)

PREFIX: Final = "pp_"
"""Subjects that begin with it are the portal's (EVENTS.md, 9)."""

KEY_LIVES: Final = timedelta(hours=23)
"""Stripe knows an idempotency key for 24 hours at least, and closes a session after as many."""

TRIES: Final = 8
"""How often somebody else may be faster."""

LOOK_SECONDS: Final = 0.05


class Payments:
    """The online payments of all businesses."""

    def __init__(
        self,
        records: Records,
        store: Store,
        stripe: StripeApi,
        sender: Sender,
        portals: Portals,
        clock: Clock,
    ) -> None:
        self.checkouts: Checkouts = records.checkouts
        self.stripe = stripe
        self._notices = records.notices
        self._store = store
        self._sender = sender
        self._portals = portals
        self._clock = clock

    async def checkout(self, session: Session, business: Doc, invoice: Doc, amount: int | None) -> str:
        """The address of the page where an invoice is paid, or a part of it, `amount` in minor units.

        As long as the page of the same amount can be used it is the same. Raises CannotPay, ProviderAway.
        """
        account = business["stripe_account_id"]
        if account is None:
            raise CannotPay("not_online")
        about = document_id(*session.scope, "invoice", invoice["id"])
        try:
            for _ in range(TRIES):
                await self._require_nothing_under_way(about, invoice)
                wanted = payable_amount(invoice, amount)
                current = await self.checkouts.current(about)
                if current is None:
                    current = await self._begin(session, business, invoice, account, wanted)
                    if current is None:
                        continue  # somebody else began one at the same moment
                same = (current.amount, current.account) == (wanted, account)
                if url := await self._url(current, keep=same):
                    return url
        except StripeAway as error:
            raise ProviderAway from error
        raise ProviderAway

    async def report(
        self, known: Checkout, session: str, refunds: Iterable[Json] = (), disputes: Iterable[Json] = ()
    ) -> Checkout | None:
        """Asks what became of a session and keeps it. `refunds` and `disputes` are those that somebody told of.

        None when there is no record of it any more. Raises StripeAway, StripeRefused.
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
        what = seen(found, known.invoice, given_back, fought, now)

        def with_it(before: Checkout) -> Checkout:
            after = before.told(
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
        self._sender.wake()
        return after

    async def returned(self, known: Checkout) -> Checkout | None:
        """As `report`, when a customer comes back from the payment page; what cannot be asked now stays as it is."""
        if known.session is not None and known.state not in ("paid", "failed"):
            try:
                reported = await self.report(known, known.session)
            except (StripeAway, StripeRefused):
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

    async def promise_mail(self, known: Checkout) -> None:
        """Somebody is told that there will be a mail: there will."""
        if known.mail is None:
            await self.checkouts.change(
                known.id, lambda one: one._replace(mail="wanted") if one.mail is None else None
            )

    async def shown(self, known: Checkout, within_s: float) -> bool:
        """Whether the views hold all that happened to a payment; waits for it, but not longer than `within_s`."""
        deadline = time.monotonic() + within_s
        while True:
            current = await self.checkouts.find(known.id)
            if current is None:
                return False
            if current.published == len(current.facts) and await self._hold(current):
                return True
            if time.monotonic() >= deadline:
                return False
            await asyncio.sleep(LOOK_SECONDS)

    async def _hold(self, known: Checkout) -> bool:
        if not known.facts:
            return False
        last = known.facts[-1]
        if last.partition is None or last.offset is None:
            return False
        return await self._store.applied("payments", last.partition, last.offset)

    async def _require_nothing_under_way(self, about: str, invoice: Doc) -> None:
        for known in await self.checkouts.under_way(about):
            if known.id not in invoice["payments"]:
                raise CannotPay("processing")

    async def _begin(
        self, session: Session, business: Doc, invoice: Doc, account: str, amount: int
    ) -> Checkout | None:
        """A new record, before anything is asked of Stripe; None when there is one by now."""
        id_ = f"{PREFIX}{secrets.token_hex(16)}"
        address = next(
            (held for held in session.customer["emails"] if folded(held) == session.address),
            session.address,
        )
        origin = await self._portals.origin(business)
        paying = Paying(id_, business, session.customer, invoice, address, amount, origin)
        begun = Checkout(
            id=id_,
            business=session.scope.business,
            customer=session.scope.customer,
            invoice=invoice["id"],
            account=account,
            amount=amount,
            currency=invoice["currency"],
            address=address,
            created_at=self._clock(),
            asked=asked(paying),
        )
        return begun if await self.checkouts.begin(begun) else None

    async def _url(self, current: Checkout, *, keep: bool) -> str | None:
        """The address of a record's page if it is to be kept and can be paid on; None once the record is closed."""
        if current.state == "opening":
            opened = await self._open(current)
            if opened is None:
                return None
            current = opened
        elif current.session is not None:
            reported = await self.report(current, current.session)
            if reported is None or reported.state not in BEGUN:
                return None
            current = reported
        if keep:
            return current.url
        await self._close(current)
        return None

    async def _open(self, current: Checkout) -> Checkout | None:
        """Has the session made, or finds the one that was made: it has the same key at every attempt."""
        if current.asked is None or self._clock() - current.created_at > KEY_LIVES:
            await self.checkouts.change(current.id, _expired)
            return None
        try:
            made = await self.stripe.create(current.account, current.id, current.asked)
        except StripeRefused as error:
            await self.checkouts.drop(current)
            raise CannotPay(
                "not_chargeable" if error.code.startswith("amount_too_") else "refused"
            ) from error
        return await self.checkouts.change(
            current.id,
            lambda one: (
                one._replace(state="open", session=made["id"], url=made["url"], asked=None)
                if one.state == "opening"
                else None
            ),
        )

    async def _close(self, current: Checkout) -> None:
        """Closes a session for good, so that only one can be paid. What was paid on it meanwhile is kept."""
        if current.session is None:
            return
        try:
            await self.stripe.expire(current.account, current.session)
        except StripeRefused:
            await self.report(current, current.session)
        else:
            await self.checkouts.change(current.id, _expired)

    async def _watch(self, known: Checkout, refund: Json) -> None:
        """Tells operators of a refund that failed: the money is with the business again, and the customer's."""
        if refund["status"] in ("failed", "canceled"):
            detail = f"refund {refund['id']} of this payment did not reach the customer: Stripe gave it back"
            notice = Notice("refund_failed", known.business, known.id, self._clock(), detail)
            await self._notices.put(notice, known.customer)


def payable_amount(invoice: Doc, amount: int | None) -> int:
    """What is to be paid, in minor units: all that is due, or a part of it. Raises CannotPay."""
    due: int = invoice["amount_due"]
    if invoice["void"]:
        raise CannotPay("void")
    if due <= 0:
        raise CannotPay("nothing_due")
    if amount is not None and amount > due:
        raise CannotPay("more_than_due", money(due, invoice["currency"]))
    wanted = chargeable(due if amount is None else amount, invoice["currency"])
    if wanted <= 0:
        raise CannotPay("not_chargeable")
    return wanted


def _expired(known: Checkout) -> Checkout | None:
    return known._replace(state="expired", url=None) if known.state in BEGUN else None
