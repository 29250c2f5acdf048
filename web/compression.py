"""Pages, JSON, styles and scripts travel compressed (RFC 9110, 8.4): phones on slow networks are who waits for them.

Files and what is sent in pieces are left alone: they are compressed as they are, and short answers are not worth it.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import cramjam
from litestar.status_codes import HTTP_304_NOT_MODIFIED
from litestar.types import HTTPScope

from web.pipeline import BufferedResponse, Header
from web.request_headers import request_headers

COMPRESSIBLE_TYPES = frozenset(
    {
        "text/html",
        "text/css",
        "text/csv",
        "text/calendar",
        "text/javascript",
        "application/javascript",
        "application/json",
        "application/problem+json",
        "application/manifest+json",
        "image/svg+xml",
    }
)
"""What is compressed, by content type."""

CODINGS: Mapping[str, Callable[[bytes], bytes]] = {
    "zstd": lambda body: bytes(cramjam.zstd.compress(body, level=3)),
    "gzip": lambda body: bytes(cramjam.gzip.compress(body, level=6)),
}
"""The cheaper and smaller before the one that everybody takes; the same content is always the same bytes."""

VARY = (b"vary", b"Accept-Encoding")

MIN_BYTES = 1_000
"""Bytes below which nothing is gained."""


def compress_response(scope: HTTPScope, answer: BufferedResponse) -> None:
    """Compress a response with zstd, else gzip, where the client accepts it.

    A strong ETag becomes a weak one, as the bytes differ from those that it was made of (RFC 9110, 8.8.3). Of what is
    Not Modified only the head is completed, as it would be with the content.
    """
    if not is_text(answer.header(b"content-type") or b"") or answer.header(b"content-encoding") is not None:
        return
    answer.headers.append(VARY)
    if not answer.whole or len(answer.body) < MIN_BYTES:
        return
    if coding := coding_for(request_headers(scope).get(b"accept-encoding", b"").decode("latin-1")):
        if answer.status != HTTP_304_NOT_MODIFIED:
            answer.body = CODINGS[coding](answer.body)
        answer.headers = [adjust_header(header, len(answer.body)) for header in answer.headers]
        answer.headers.append((b"content-encoding", coding.encode()))


@lru_cache
def coding_for(accepted: str) -> str | None:
    """Return the first of `CODINGS` that an Accept-Encoding header takes by name; a weight of 0 refuses it."""
    taken = {
        name.strip()
        for name, _, weight in (one.partition(";") for one in accepted.lower().split(","))
        if not weight or weight.replace(" ", "").removeprefix("q=").strip("0.")
    }
    return next((name for name in CODINGS if name in taken), None)


@lru_cache
def is_text(content_type: bytes) -> bool:
    """Return whether what a Content-Type names is of a kind that is compressed."""
    return content_type.partition(b";")[0].strip().decode("latin-1") in COMPRESSIBLE_TYPES


def adjust_header(header: Header, length: int) -> Header:
    """Return a header of an answer whose content was compressed to `length` bytes."""
    match header:
        case b"content-length", _:
            return b"content-length", b"%d" % length
        case b"etag", tag if not tag.startswith(b"W/"):
            return b"etag", b"W/" + tag
    return header
