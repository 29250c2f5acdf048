"""Paying an invoice: the page where it is paid, one at a time."""

import secrets
from datetime import timedelta
from typing import Final

from query_api.payments.amounts import chargeable
from query_api.payments.checkout_params import CheckoutRequest, checkout_params
from query_api.payments.errors import NotPayable, PaymentProviderUnavailable
from query_api.payments.settlement import PREFIX, Settlement
from query_api.payments.stripe_api import StripeRejected, StripeUnavailable
from query_api.sign_in.sessions import Session
from read_models.clock import Clock
from read_models.customer import normalize_email
from read_models.documents import Doc, document_id, money
from read_models.store.operational import Checkout
from read_models.store.operational.checkouts import BEGUN

IDEMPOTENCY_KEY_TTL: Final = timedelta(hours=23)
"""Stripe knows an idempotency key for 24 hours at least, and closes a session after as many."""

PAYABLE_UNTIL: Final = IDEMPOTENCY_KEY_TTL + timedelta(hours=24)
"""So long after a record was made nobody can pay on its session any more."""

TRIES: Final = 8
"""How often somebody else may be faster."""


class CheckoutService:
    """The online payments of all businesses."""

    def __init__(self, outcomes: Settlement, clock: Clock) -> None:
        self.outcomes = outcomes
        self.checkouts = outcomes.checkouts
        self._stripe = outcomes.stripe
        self._clock = clock

    async def checkout(
        self, session: Session, business: Doc, invoice: Doc, amount: int | None, origin: str
    ) -> str:
        """Return the address of the page where an invoice is paid, or a part of it, `amount` in minor units.

        `origin` is where the customer is signed in, and comes back to. As long as the page of the same amount can be
        used it is the same. Raises NotPayable, PaymentProviderUnavailable.
        """
        account = business["stripe_account_id"]
        if account is None:
            raise NotPayable("not_online")
        about = document_id(*session.scope, "invoice", invoice["id"])
        try:
            for _ in range(TRIES):
                await self._require_nothing_under_way(about, invoice)
                wanted = payable_amount(invoice, amount)
                current = await self.checkouts.current(about)
                if current is None:
                    current = await self._begin(session, business, invoice, account, wanted, origin)
                    if current is None:
                        continue  # somebody else began one at the same moment
                same = (current.amount, current.account) == (wanted, account)
                if url := await self._url(current, keep=same):
                    return url
        except StripeUnavailable as error:
            raise PaymentProviderUnavailable from error
        raise PaymentProviderUnavailable

    async def _require_nothing_under_way(self, about: str, invoice: Doc) -> None:
        for known in await self.checkouts.under_way(about):
            if known.id not in invoice["payments"]:
                raise NotPayable("processing")

    async def _begin(
        self, session: Session, business: Doc, invoice: Doc, account: str, amount: int, origin: str
    ) -> Checkout | None:
        """Return a new record, before anything is asked of Stripe; None when there is one by now."""
        id_ = f"{PREFIX}{secrets.token_hex(16)}"
        address = next(
            (held for held in session.customer["emails"] if normalize_email(held) == session.address),
            session.address,
        )
        paying = CheckoutRequest(id_, business, session.customer, invoice, address, amount, origin)
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
            asked=checkout_params(paying),
        )
        return begun if await self.checkouts.begin(begun) else None

    async def _url(self, current: Checkout, *, keep: bool) -> str | None:
        """Return the address of a record's page if it is to be kept and can be paid on; None once the record is
        closed."""
        if current.state == "opening":
            opened = await self._open(current)
            if opened is None:
                return None
            current = opened
        else:
            current = await self._reported(current)
            if current.state not in BEGUN:
                return None
        if keep:
            return current.url
        await self._close(current)
        return None

    async def _open(self, current: Checkout) -> Checkout | None:
        """Have the session made, or find the one that was made: it has the same key at every attempt."""
        if current.asked is None or self._clock() - current.created_at > IDEMPOTENCY_KEY_TTL:
            await self.checkouts.change(current.id, _expired)
            return None
        try:
            made = await self._stripe.create(current.account, current.id, current.asked)
        except StripeRejected as error:
            await self.checkouts.drop(current)
            raise NotPayable(
                "not_chargeable" if error.code.startswith("amount_too_") else "refused"
            ) from error
        return _there(
            await self.checkouts.change(
                current.id,
                lambda one: (
                    one._replace(state="open", session=made["id"], url=made["url"], asked=None)
                    if one.state == "opening"
                    else None
                ),
            )
        )

    async def _close(self, current: Checkout) -> None:
        """Close a session for good, so that only one can be paid. What was paid on it meanwhile is kept."""
        if current.session is None:
            return
        try:
            await self._stripe.expire(current.account, current.session)
        except StripeRejected:
            await self._reported(current)
        else:
            _there(await self.checkouts.change(current.id, _expired))

    async def _reported(self, current: Checkout) -> Checkout:
        """Return a record, with what became of its session.

        Where Stripe does not show it any more, as its account is not connected, it is closed once nobody can have paid
        on it; until then nothing else can be begun, which raises NotPayable.
        """
        if current.session is None:
            return current
        try:
            return _there(await self.outcomes.record_report(current, current.session))
        except StripeRejected as error:
            if self._clock() - current.created_at <= PAYABLE_UNTIL:
                raise NotPayable("refused") from error
            return _there(await self.checkouts.change(current.id, _expired))


def _there(known: Checkout | None) -> Checkout:
    """Return a record, as it is after Stripe was asked. Raises PaymentProviderUnavailable where it went meanwhile.

    The customer may have been erased: a new record would be one of nobody, with a name and an address in it.
    """
    if known is None:
        raise PaymentProviderUnavailable
    return known


def payable_amount(invoice: Doc, amount: int | None) -> int:
    """Return what is to be paid, in minor units: all that is due, or a part of it. Raises NotPayable."""
    due: int = invoice["amount_due"]
    if invoice["void"]:
        raise NotPayable("void")
    if due <= 0:
        raise NotPayable("nothing_due")
    if amount is not None and amount > due:
        raise NotPayable("more_than_due", money(due, invoice["currency"]))
    wanted = chargeable(due if amount is None else amount, invoice["currency"])
    if wanted <= 0:
        raise NotPayable("not_chargeable")
    return wanted


def _expired(known: Checkout) -> Checkout | None:
    return known._replace(state="expired", url=None) if known.state in BEGUN else None
