"""Stripe's sessions, refunds and disputes against what the portal knows: what it never heard of is taken along.

It is what the webhook would have done, in bulk: so it may run at any time, beside everything else, and again.
"""

from collections.abc import AsyncIterator
from datetime import datetime
from typing import Final, NamedTuple

from query_api.payments.settlement import PREFIX, Settlement
from query_api.payments.stripe_api import StripeRejected
from query_api.payments.stripe_events import Json, outcome_of
from read_models.clock import Clock
from read_models.documents import Doc, document_id, owner_id
from read_models.store import ReadModelStore
from read_models.store.operational import Checkout

VIEWS_WITHIN_S: Final = 30.0
"""How long the views are waited for once everything is published."""


class PaymentDifference(NamedTuple):
    """Something that Stripe knows and the portal did not."""

    account: str
    payment: str
    detail: str
    mended: bool
    """Whether it is kept now and will be published."""


class Reconciliation:
    """One comparison, for all accounts that were ever paid through."""

    def __init__(self, outcomes: Settlement, store: ReadModelStore, clock: Clock, *, dry: bool) -> None:
        """`dry`: nothing is kept or published."""
        self._outcomes = outcomes
        self._checkouts = outcomes.checkouts
        self._stripe = outcomes.stripe
        self._store = store
        self._clock = clock
        self._dry = dry
        self.checked: dict[str, Checkout] = {}
        """What was looked at, by the id of the payment."""

    async def differences(self, since: datetime) -> AsyncIterator[PaymentDifference]:
        """Yield what Stripe has of sessions, refunds and disputes made since a moment, or not decided since long ago.

        Raises StripeUnavailable.
        """
        for account in await self._checkouts.accounts():
            try:
                async for difference in self._of_account(account, since):
                    yield difference
            except StripeRejected as error:
                reason = error.code or "refused"
                yield PaymentDifference(
                    account, "-", f"Stripe does not show this account ({reason})", mended=False
                )

    async def in_views(self) -> AsyncIterator[PaymentDifference]:
        """Payments that are published and not, or not so, in the views."""
        for known in self.checked.values():
            current = await self._checkouts.find(known.id)
            if current is None or not current.facts:
                continue
            there = await self._outcomes.is_visible(current, VIEWS_WITHIN_S)
            (document,) = await self._store.documents(
                document_id(known.business, known.customer, "payment", known.id)
            )
            if problem := _amiss(current, document, there=there):
                yield PaymentDifference(known.account, known.id, problem, mended=False)

    async def _of_account(self, account: str, since: datetime) -> AsyncIterator[PaymentDifference]:
        looked_at = set()
        async for session in self._stripe.sessions_since(account, since):
            id_ = (session["metadata"] or {}).get("payment", "")
            if not id_.startswith(PREFIX):
                continue
            looked_at.add(id_)
            known = await self._checkouts.find(id_)
            if known is None:
                if session["payment_status"] == "paid" and not await self._erased(session):
                    yield PaymentDifference(
                        account, id_, f"no record of paid session {session['id']}", mended=False
                    )
            elif known.account == account:
                async for difference in self._look(known, session["id"], session["status"]):
                    yield difference
        for known in await self._checkouts.undecided(account):
            if known.id not in looked_at and known.session:
                async for difference in self._look(known, known.session, None):
                    yield difference
        async for given_back in self._stripe.given_back_since(account, since):
            async for difference in self._given_back(account, given_back):
                yield difference

    async def _look(
        self, known: Checkout, session: str, status: str | None
    ) -> AsyncIterator[PaymentDifference]:
        self.checked[known.id] = known
        if status == "open" or (known.state in ("paid", "failed") and known.session == session):
            return
        async for difference in self._report(known, session):
            yield difference

    async def _given_back(self, account: str, given_back: Json) -> AsyncIterator[PaymentDifference]:
        known = await self._outcomes.payment_of(given_back, account)
        if known is None or known.session is None:
            return
        self.checked[known.id] = known
        if ("refunded", given_back["id"]) in {fact.key for fact in known.facts}:
            return
        kind = "disputes" if given_back["object"] == "dispute" else "refunds"
        async for difference in self._report(known, known.session, **{kind: [given_back]}):
            yield difference

    async def _report(
        self, known: Checkout, session: str, **told: list[Json]
    ) -> AsyncIterator[PaymentDifference]:
        if self._dry:
            found = await self._stripe.session(known.account, session)
            what = outcome_of(
                found, known.invoice, told.get("refunds", ()), told.get("disputes", ()), self._clock()
            )
            after: Checkout | None = known.with_report(what.facts, what.state)
        else:
            after = await self._outcomes.record_report(known, session, **told)
        for fact in after.facts[len(known.facts) :] if after else ():
            amount = f"{fact.data['amount']} {fact.data['currency']}"
            yield PaymentDifference(
                known.account, known.id, f"{fact.kind} {fact.object} ({amount})", mended=not self._dry
            )

    async def _erased(self, session: Json) -> bool:
        """Return whether a session's customer has been erased: then there is no record, and there shall be none."""
        names = session["metadata"]
        (customer,) = await self._store.documents(
            owner_id(names.get("business", ""), names.get("customer", ""))
        )
        return customer is not None and bool(customer.get("erased"))


def _amiss(known: Checkout, document: Doc | None, *, there: bool) -> str | None:
    """Return what is wrong with a payment in the views; None when it is as it was published."""
    if not there:
        return "is published or waits to be, and the views do not hold it yet"
    if document is None or not document["shown"]:
        return "is published and not shown: see `portal verify` and the dead letters"
    first = known.first_fact("succeeded") or known.facts[0]
    refunded = sum(fact.data["amount"] for fact in known.facts if fact.kind == "refunded")
    if (document["amount"], document["refunded"]) != (first.data["amount"], refunded):
        return "differs in the views from what was published: see `portal verify`"
    return None
