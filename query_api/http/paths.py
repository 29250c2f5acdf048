"""Paths of the customer surface (docs/contracts/api.md)."""

from collections.abc import Sequence

OWN = "-"
"""The service's own paths begin with it; no slug is it, as slugs have two characters or more."""

API = "api"
"""The second segment of a business's JSON."""


def segments(path: str) -> Sequence[str]:
    """Return a path's segments as the router sees them: empty ones do not count."""
    return [segment for segment in path.split("/") if segment]


def slug_in_path(path: str) -> str | None:
    """Return the slug that a path begins with, or what is in its place; None where there is nothing."""
    return path.lstrip("/").partition("/")[0] or None


def is_api_path(path: str) -> bool:
    """Return whether what lies there is for programs and not for people."""
    parts = segments(path)
    return parts[:1] == [OWN] or parts[1:2] == [API]
