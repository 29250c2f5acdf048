"""`portal payments reconcile`: what Stripe knows and the portal never heard of."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Final

from portal.commands.promotion import operator_identity
from portal.errors import CommandError, UsageError
from portal.query_api_config import disabled_features, payments_config
from portal.settings import Settings
from query_api.payments.outbox_publisher import OutboxPublisher
from query_api.payments.reconcile import PaymentDifference, Reconciliation
from query_api.payments.settlement import Settlement
from query_api.payments.stripe_api import StripeGateway, StripeUnavailable
from read_models.clock import utc_now
from read_models.store import ReadModelStore, StoreUnavailable
from read_models.store.operational import OperationalStore

LOOKED_BACK: Final = timedelta(days=7)
"""Without `--since`; what is not decided yet is looked at whatever its age."""

SENT_WITHIN_S: Final = 60.0


def moment(text: str | None, now: datetime) -> datetime:
    """Return when to begin: a date or a timestamp (ISO 8601, UTC unless it says otherwise); raises UsageError."""
    if text is None:
        return now - LOOKED_BACK
    try:
        found = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError("--since: a date such as 2026-01-31, or a timestamp") from None
    return found if found.tzinfo else found.replace(tzinfo=UTC)


async def reconcile(settings: Settings, since: str | None, *, dry: bool, say: Callable[[str], None]) -> None:
    """Compare, publish what is missing, and wait for the views. Each difference is said in a line.

    Raises CommandError when something is not as it should be at the end: with `dry` also what could be mended.
    """
    online = payments_config(settings)
    if online is None:
        raise UsageError(f"payments are off: {', '.join(disabled_features(settings)['payments'])} not set")
    begin = moment(since, utc_now())
    store = ReadModelStore(settings.required("mongo_url"), settings.mongo_database)
    records = OperationalStore(store.database)
    stripe = StripeGateway(online.api_key, online.api_base)
    sender = OutboxPublisher(records.checkouts, online.kafka, online.topic, utc_now)
    outcomes = Settlement(records, store, stripe, sender, utc_now)
    found: list[PaymentDifference] = []
    try:
        await records.prepare()
        if not dry:
            await records.audit.note(
                operator_identity(), "payments.reconcile", begin.isoformat(), None, utc_now()
            )
        await store.control.refresh()
        comparison = Reconciliation(outcomes, store, utc_now, dry=dry)
        async for difference in comparison.differences(begin):
            found.append(difference)
            say(_line(difference))
        waiting = 0 if dry else await sender.flush(SENT_WITHIN_S)
        if not waiting and not dry:
            async for difference in comparison.in_views():
                found.append(difference)
                say(_line(difference))
    except StripeUnavailable as error:
        raise CommandError(f"Stripe does not answer ({error}): try again; what was found is kept") from error
    except StoreUnavailable as error:
        raise CommandError("MongoDB does not answer: try again") from error
    finally:
        await sender.close()
        await stripe.close()
        await store.close()
    mended = sum(difference.mended for difference in found)
    say(
        f"{len(comparison.checked)} payments since {begin:%Y-%m-%d %H:%M} UTC:"
        f" {mended} published that were missing, {len(found) - mended} differences left"
    )
    if waiting:
        raise CommandError(
            f"{waiting} payments wait to be published: Kafka does not take them; they go out when it does"
        )
    if len(found) > mended:
        raise CommandError("something differs; see above")


def _line(difference: PaymentDifference) -> str:
    done = "published" if difference.mended else "DIFFERS"
    return f"{done}  {difference.account}  {difference.payment}  {difference.detail}"
