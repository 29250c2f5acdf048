"""Conditional requests, for every answer there is (RFC 9110, 8.8.3, 13.1.2).

ETags are made of the bytes that are served: whatever changes them changes it.
"""

import hashlib
from collections.abc import Sequence

from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED
from litestar.types import HTTPScope

from web.pipeline import BufferedResponse
from web.request_headers import request_headers

PRIVATE = {"Cache-Control": "private, no-cache"}
"""Every answer below `/{slug}/` unless it says otherwise; the service's own paths say it as well.

See docs/contracts/api.md, Caching.
"""


def conditional(scope: HTTPScope, answer: BufferedResponse) -> None:
    """Add an ETag to a response; answer Not Modified where the client knows it (If-None-Match)."""
    if scope["method"] != "GET" or answer.status != HTTP_200_OK or not answer.whole:
        return
    tag = answer.header(b"etag")
    if tag is None:
        tag = tag_of(answer.body).encode()
        answer.headers.append((b"etag", tag))
    known = request_headers(scope).get(b"if-none-match")
    if known is not None and matches([known.decode("latin-1")], tag.decode("latin-1")):
        answer.status = HTTP_304_NOT_MODIFIED


def tag_of(content: bytes) -> str:
    """Return the ETag of content."""
    return f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def matches(known: Sequence[str], tag: str) -> bool:
    """Return whether If-None-Match names the tag; compared weakly, as it asks for."""
    names = [name.strip().removeprefix("W/") for line in known for name in line.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
