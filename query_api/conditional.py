"""Conditional requests and HEAD, for every answer there is (RFC 9110, 8.8.3, 9.3.2, 13.1.2).

ETags are made of the bytes that are served: whatever changes them changes it.
"""

import hashlib
from collections.abc import Iterable, Sequence

from litestar.enums import ScopeType
from litestar.status_codes import HTTP_200_OK, HTTP_304_NOT_MODIFIED
from litestar.types import (
    ASGIApp,
    HTTPResponseBodyEvent,
    HTTPResponseStartEvent,
    Message,
    Receive,
    Scope,
    Send,
)

PRIVATE = (b"cache-control", b"private, no-cache")
"""Every answer below `/{slug}/` unless it says otherwise (API.md); the service's own paths say it as well."""

OF_CONTENT = frozenset({b"content-type", b"content-length", b"content-encoding"})
"""What describes content, and so is not said where there is none."""


CONTENT_UNWANTED = "content_unwanted"
"""Is in the state of a HEAD request, for handlers whose content costs much to make."""


class Conditional:
    """ASGI middleware: an ETag and 304 for GET, HEAD as GET without its content, `Cache-Control` for all."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on and completes the head of its answer."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        head = scope["method"] == "HEAD"
        conditional = scope["method"] in ("GET", "HEAD")
        known = (
            [value.decode("latin-1") for name, value in scope["headers"] if name == b"if-none-match"]
            if conditional
            else []
        )
        started: HTTPResponseStartEvent | None = None

        async def completed(message: Message) -> None:
            nonlocal started
            if message["type"] == "http.response.start":
                # Held until the content is there that its ETag is made of.
                started = message
                return
            if message["type"] != "http.response.body":
                await send(message)
                return
            if started is not None:
                start, started = started, None
                headers = list(start["headers"])
                if valued(headers, b"cache-control") is None:
                    headers.append(PRIVATE)
                start = {**start, "headers": headers}
                if conditional and start["status"] == HTTP_200_OK and not message["more_body"]:
                    start, message = answered(start, message, known)
                await send(start)
            await send({**message, "body": b""} if head else message)

        if head:
            scope["method"] = "GET"
            scope.setdefault("state", {})[CONTENT_UNWANTED] = True
        await self._app(scope, receive, completed)


def answered(
    start: HTTPResponseStartEvent, body: HTTPResponseBodyEvent, known: Sequence[str]
) -> tuple[HTTPResponseStartEvent, HTTPResponseBodyEvent]:
    """The answer with its ETag; without its content where that is `known` (If-None-Match)."""
    headers = list(start["headers"])
    tag = valued(headers, b"etag")
    if tag is None:
        tag = tag_of(body["body"]).encode()
        headers.append((b"etag", tag))
    if not known or not matches(known, tag.decode("latin-1")):
        return {**start, "headers": headers}, body
    kept = [(name, value) for name, value in headers if name.lower() not in OF_CONTENT]
    return {**start, "status": HTTP_304_NOT_MODIFIED, "headers": kept}, {**body, "body": b""}


def tag_of(content: bytes) -> str:
    """The ETag of content."""
    return f'"{hashlib.blake2b(content, digest_size=16).hexdigest()}"'


def valued(headers: Iterable[tuple[bytes, bytes]], wanted: bytes) -> bytes | None:
    """The value of the first header with a lower-case name."""
    return next((value for name, value in headers if name.lower() == wanted), None)


def matches(known: Sequence[str], tag: str) -> bool:
    """Whether If-None-Match names the tag; compared weakly, as it asks for."""
    names = [name.strip().removeprefix("W/") for line in known for name in line.split(",")]
    return "*" in names or tag.removeprefix("W/") in names
