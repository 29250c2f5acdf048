"""Pages, JSON, styles and scripts travel compressed (RFC 9110, 8.4): phones on slow networks are who waits for them.

Files and what is sent in pieces are left alone: they are compressed as they are, and short answers are not worth it.
"""

from collections.abc import Callable, Mapping
from functools import lru_cache

import cramjam
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

KINDS = frozenset(
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

SMALLEST = 1_000
"""Bytes below which nothing is gained."""


class Compressed:
    """ASGI middleware: zstd, else gzip, for who takes it.

    A strong ETag becomes a weak one, as the bytes differ from those that it was made of (RFC 9110, 8.8.3).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and compresses its answer."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        accepted = b", ".join(value for name, value in scope["headers"] if name == b"accept-encoding")
        coding = coding_for(accepted.decode("latin-1"))
        started: HTTPResponseStartEvent | None = None

        async def smaller(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                # Held until the content is there whose length it says.
                started = message
                return
            if message["type"] == "http.response.body" and started is not None:
                start, started = started, None
                if may_be(start):
                    start = {**start, "headers": [*start["headers"], (b"vary", b"Accept-Encoding")]}
                    body = message["body"]
                    if coding and not message["more_body"] and len(body) >= SMALLEST:
                        body = CODINGS[coding](body)
                        start, message = packed(start, coding, len(body)), {**message, "body": body}
                await send(start)
            await send(message)

        await self._app(scope, receive, smaller)


@lru_cache
def coding_for(accepted: str) -> str | None:
    """The first of `CODINGS` that an Accept-Encoding header takes by name; a weight of 0 refuses it."""
    taken = {
        name.strip()
        for name, _, weight in (one.partition(";") for one in accepted.lower().split(","))
        if not weight or weight.replace(" ", "").removeprefix("q=").strip("0.")
    }
    return next((name for name in CODINGS if name in taken), None)


def may_be(start: HTTPResponseStartEvent) -> bool:
    """Whether an answer is of a kind that is compressed, and is not yet."""
    kind = b""
    for name, value in start["headers"]:
        lower = name.lower()
        if lower == b"content-encoding":
            return False
        if lower == b"content-type":
            kind = value
    return is_text(kind)


@lru_cache
def is_text(content_type: bytes) -> bool:
    """Whether what a Content-Type names is of a kind that is compressed."""
    return content_type.partition(b";")[0].strip().decode("latin-1") in KINDS


def packed(start: HTTPResponseStartEvent, coding: str, length: int) -> HTTPResponseStartEvent:
    """The head of an answer whose content was compressed to `length` bytes."""
    headers = []
    for name, value in start["headers"]:
        match name.lower():
            case b"content-length":
                headers.append((name, str(length).encode()))
            case b"etag" if not value.startswith(b"W/"):
                headers.append((name, b"W/" + value))
            case _:
                headers.append((name, value))
    return {**start, "headers": [*headers, (b"content-encoding", coding.encode())]}
