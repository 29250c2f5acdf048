"""Stripe's events. Each is only a sign that something happened to a session: what, Stripe is asked.

So they may come in any order, again, and years late; what they say of a refund or a dispute is taken along.
"""

from typing import Final

import orjson
import stripe
import structlog

from query_api.payments.errors import InvalidSignature
from query_api.payments.settlement import Settlement
from query_api.payments.stripe_api import StripeRejected
from query_api.payments.stripe_events import Json

log = structlog.get_logger(__name__)

TOLERANCE_SECONDS: Final = 300
"""How old a signature may be, Stripe's own default."""

OF_SESSIONS: Final = frozenset(
    f"checkout.session.{what}"
    for what in ("completed", "async_payment_succeeded", "async_payment_failed", "expired")
)
OF_CHARGES: Final = frozenset({"charge.refunded"})
OF_REFUNDS: Final = frozenset({"refund.created", "refund.updated", "refund.failed", "charge.refund.updated"})
OF_DISPUTES: Final = frozenset({"charge.dispute.closed"})
KINDS: Final = OF_SESSIONS | OF_CHARGES | OF_REFUNDS | OF_DISPUTES


class Webhook:
    """Receiver of Stripe's webhooks."""

    def __init__(self, outcomes: Settlement, secret: str) -> None:
        """`secret` is the endpoint's."""
        self._outcomes = outcomes
        self._secret = secret

    async def receive(self, body: bytes, signature: str) -> None:
        """Take an event. When this returns, what it says is kept, or is none of ours.

        Raises InvalidSignature, and StripeUnavailable, after which Stripe sends it again.
        """
        event = verified(body, signature, self._secret)
        kind, account = event.get("type"), event.get("account")
        if not isinstance(kind, str) or kind not in KINDS or not isinstance(account, str):
            return
        about = _object_of(event)
        known = await self._outcomes.payment_of(about, account) if about else None
        if about is None or known is None:
            log.info("webhook.not_ours", type=kind)
            return
        session = about["id"] if kind in OF_SESSIONS else known.session
        if session is None or session != (known.session or session):
            log.info("webhook.not_ours", type=kind)
            return
        try:
            await self._outcomes.record_report(
                known,
                session,
                refunds=[about] if kind in OF_REFUNDS else (),
                disputes=[about] if kind in OF_DISPUTES else (),
            )
        except StripeRejected:
            # The account has no such session (any more): to hear of it again changes nothing.
            log.warning("webhook.not_found", type=kind, payment=known.id)


def verified(body: bytes, signature: str, secret: str) -> Json:
    """Return the event that a body is; raises InvalidSignature unless Stripe signed these bytes, and lately."""
    if not signature.isascii():
        raise InvalidSignature
    try:
        stripe.WebhookSignature.verify_header(body, signature, secret, TOLERANCE_SECONDS)
        event = orjson.loads(body)
    except (stripe.SignatureVerificationError, ValueError) as error:
        raise InvalidSignature from error
    if not isinstance(event, dict):
        raise InvalidSignature
    return event


def _object_of(event: Json) -> Json | None:
    """Return what an event is about; None where it says that in no way that Stripe's do."""
    data = event.get("data")
    about = data.get("object") if isinstance(data, dict) else None
    whole = (
        isinstance(about, dict) and isinstance(about.get("id"), str) and isinstance(about.get("object"), str)
    )
    return about if whole else None
