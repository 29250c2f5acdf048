"""The time."""

from datetime import UTC, datetime


def utc_now() -> datetime:
    """As records have it."""
    return datetime.now(UTC)
