"""The `portal payments reconcile` command: compares Stripe's payments with those of the portal."""

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

DEFAULT_PERIOD: Final = timedelta(days=7)
"""Period without `--since`; undecided payments are compared whatever their age."""

PUBLISH_TIMEOUT_S: Final = 60.0


def parse_since(text: str | None, now: datetime) -> datetime:
    """Return the beginning of the period: an ISO 8601 date or timestamp, UTC by default; raises UsageError."""
    if text is None:
        return now - DEFAULT_PERIOD
    try:
        since = datetime.fromisoformat(text)
    except ValueError:
        raise UsageError("--since: a date such as 2026-01-31, or a timestamp") from None
    return since if since.tzinfo else since.replace(tzinfo=UTC)


async def reconcile(settings: Settings, since: str | None, *, dry: bool, say: Callable[[str], None]) -> None:
    """Compare payments, publish the missing ones and wait for the views; pass each difference to *say*.

    Raises CommandError if differences are left; with `dry` also for those that could be published.
    """
    config = payments_config(settings)
    if config is None:
        raise UsageError(f"payments are off: {', '.join(disabled_features(settings)['payments'])} not set")
    start = parse_since(since, utc_now())
    store = ReadModelStore(settings.required("mongo_url"), settings.mongo_database)
    records = OperationalStore(store.database)
    stripe = StripeGateway(config.api_key, config.api_base)
    publisher = OutboxPublisher(records.checkouts, config.kafka, config.topic, utc_now)
    settlement = Settlement(records, store, stripe, publisher, utc_now)
    differences: list[PaymentDifference] = []
    try:
        await records.prepare()
        if not dry:
            await records.audit.note(
                operator_identity(), "payments.reconcile", start.isoformat(), None, utc_now()
            )
        await store.control.refresh()
        comparison = Reconciliation(settlement, store, utc_now, dry=dry)
        async for difference in comparison.differences(start):
            differences.append(difference)
            say(_describe(difference))
        waiting = 0 if dry else await publisher.flush(PUBLISH_TIMEOUT_S)
        if not waiting and not dry:
            async for difference in comparison.in_views():
                differences.append(difference)
                say(_describe(difference))
    except StripeUnavailable as error:
        raise CommandError(f"Stripe does not answer ({error}): try again; what was found is kept") from error
    except StoreUnavailable as error:
        raise CommandError("MongoDB does not answer: try again") from error
    finally:
        await publisher.close()
        await stripe.close()
        await store.close()
    published = sum(difference.mended for difference in differences)
    say(
        f"{len(comparison.checked)} payments since {start:%Y-%m-%d %H:%M} UTC:"
        f" {published} published that were missing, {len(differences) - published} differences left"
    )
    if waiting:
        raise CommandError(
            f"{waiting} payments wait to be published: Kafka does not take them; they go out when it does"
        )
    if len(differences) > published:
        raise CommandError("something differs; see above")


def _describe(difference: PaymentDifference) -> str:
    done = "published" if difference.mended else "DIFFERS"
    return f"{done}  {difference.account}  {difference.payment}  {difference.detail}"
