"""The clock: how the current time is read, and the type of a function that reads it."""

from collections.abc import Callable
from datetime import UTC, datetime

Clock = Callable[[], datetime]
"""Returns the current time, with a zone."""


def utc_now() -> datetime:
    """Return the current time in UTC."""
    return datetime.now(UTC)
