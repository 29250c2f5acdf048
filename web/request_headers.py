"""The headers of a request by name: they come as a list, and every layer asks for some of them."""

from collections.abc import Iterable, Mapping

from litestar.types import HTTPScope

HEADERS = "headers"
"""Where they are found in a request's state."""


def request_headers(scope: HTTPScope) -> Mapping[bytes, bytes]:
    """Return the values of a request's headers by lower-case name; lines of one name are one value (RFC 9110, 5.3)."""
    state = scope.setdefault("state", {})
    known: Mapping[bytes, bytes] | None = state.get(HEADERS)
    if known is None:
        given = scope["headers"]
        known = dict(given)
        if len(known) < len(list(given)):
            known = merge_repeated(given)
        state[HEADERS] = known
    return known


def merge_repeated(headers: Iterable[tuple[bytes, bytes]]) -> Mapping[bytes, bytes]:
    """Headers of which some have several lines."""
    values: dict[bytes, bytes] = {}
    for name, value in headers:
        # HTTP/2 may split cookies (RFC 9113, 8.2.3).
        between = b"; " if name == b"cookie" else b", "
        values[name] = values[name] + between + value if name in values else value
    return values
