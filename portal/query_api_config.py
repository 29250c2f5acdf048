"""Configuration of the query API from the settings, and the features that missing settings disable."""

from portal.errors import UsageError
from portal.settings import Settings
from query_api.config import PaymentsConfig, QueryApiConfig, SignInLimits


def query_api_config(settings: Settings) -> QueryApiConfig:
    """Return the configuration of the query API; raises UsageError."""
    try:
        limits = SignInLimits.read(settings.limits)
    except ValueError as error:
        raise UsageError(f"PORTAL_LIMIT_…: {error}") from None
    return QueryApiConfig(
        mongo_url=settings.required("mongo_url"),
        mongo_database=settings.mongo_database,
        public_url=settings.required("public_url"),
        smtp_url=settings.smtp_url.get_secret_value() if settings.smtp_url else None,
        secret_keys=settings.keys,
        media_url=settings.media_url,
        cache_url=settings.cache_url,
        payments=payments_config(settings),
        limits=limits,
    )


def payments_config(settings: Settings) -> PaymentsConfig | None:
    """Return the configuration of online payments, or None if a setting is missing; raises UsageError."""
    if "payments" in disabled_features(settings):
        return None
    return PaymentsConfig(
        api_key=settings.required("stripe_api_key"),
        webhook_secret=settings.required("stripe_webhook_secret"),
        kafka=settings.kafka.client(),
        topic=f"{settings.topic_prefix}payments",
        api_base=settings.stripe_api_base,
    )


def disabled_features(settings: Settings) -> dict[str, list[str]]:
    """Return the features that are off, with the variables that are missing."""
    needed = {
        "sign-in": ("smtp_url", "secret_key"),
        "files": ("media_url", "cache_url"),
        "payments": ("stripe_api_key", "stripe_webhook_secret", "kafka_bootstrap"),
    }
    missing = {
        feature: [f"PORTAL_{name.upper()}" for name in names if getattr(settings, name) is None]
        for feature, names in needed.items()
    }
    return {feature: names for feature, names in missing.items() if names}
