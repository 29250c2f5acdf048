"""Pages, styles and scripts travel compressed (RFC 9110, 8.4): phones on slow networks are who waits for them.

JSON, files and what is sent in pieces are left alone: a proxy may compress them, and short answers are not worth it.
"""

import gzip

from litestar.datastructures import Headers
from litestar.enums import ScopeType
from litestar.types import ASGIApp, HTTPResponseStartEvent, Message, Receive, Scope, Send

KINDS = ("text/html", "text/css", "text/javascript", "application/javascript", "image/svg+xml")
"""What is compressed, by content type."""

SMALLEST = 1_000
"""Bytes below which nothing is gained."""

LEVEL = 6


class Compressed:
    """ASGI middleware: gzip for who takes it.

    A strong ETag becomes a weak one, as the bytes differ from those that it was made of (RFC 9110, 8.8.3).
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and compresses its answer."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        taken = takes_gzip(Headers.from_scope(scope).get("accept-encoding", ""))
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
                    if taken and not message["more_body"] and len(body) >= SMALLEST:
                        body = gzip.compress(body, LEVEL, mtime=0)
                        start, message = packed(start, len(body)), {**message, "body": body}
                await send(start)
            await send(message)

        await self._app(scope, receive, smaller)


def takes_gzip(accepted: str) -> bool:
    """Whether an Accept-Encoding header takes gzip by name; a weight of 0 refuses it."""
    for one in accepted.lower().split(","):
        name, _, weight = one.partition(";")
        if name.strip() == "gzip":
            return weight.replace(" ", "").removeprefix("q=").strip("0.") != "" or not weight
    return False


def may_be(start: HTTPResponseStartEvent) -> bool:
    """Whether an answer is of a kind that is compressed, and is not yet."""
    headers = {name.lower(): value for name, value in start["headers"]}
    kind = headers.get(b"content-type", b"").partition(b";")[0].strip().decode("latin-1")
    return kind in KINDS and b"content-encoding" not in headers


def packed(start: HTTPResponseStartEvent, length: int) -> HTTPResponseStartEvent:
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
    return {**start, "headers": [*headers, (b"content-encoding", b"gzip")]}
