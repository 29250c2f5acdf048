"""Origin check of changing requests (Fetch, `Origin` and `Sec-Fetch-Site`): other sites' pages cannot send them."""

from collections.abc import Callable, Mapping
from typing import Final

SAFE_METHODS: Final = frozenset({"GET", "HEAD", "OPTIONS"})
"""Methods that change nothing (RFC 9110, 9.2.1), and need no check."""


def comes_from_own_page(headers: Mapping[bytes, bytes], is_own_origin: Callable[[str], bool]) -> bool:
    """Return whether a request was sent by one of the service's own pages, as far as the browser says."""
    origin = headers.get(b"origin")
    if origin is None:
        return headers.get(b"sec-fetch-site") == b"same-origin"
    return is_own_origin(origin.decode("latin-1"))
