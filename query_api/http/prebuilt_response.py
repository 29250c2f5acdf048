"""Answers that are ready to be sent: most of the API's are JSON that is made already."""

from litestar.types import ASGIApp, Receive, Scope, Send

from web.request import SafeRequest

JSON = (b"content-type", b"application/json")


class PrebuiltJson:
    """JSON as an ASGI application, which is all that it takes: a `Response` for it costs as much as the routing."""

    def __init__(self, content: bytes, tag: str | None = None) -> None:
        """`tag` is its ETag, where it is known."""
        self.content = content
        self._headers = [JSON, (b"content-length", b"%d" % len(content))]
        if tag is not None:
            self._headers.append((b"etag", tag.encode()))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it."""
        await send({"type": "http.response.start", "status": 200, "headers": self._headers})
        await send({"type": "http.response.body", "body": self.content, "more_body": False})


class BypassResolution:
    """Middleware of a route whose handler takes the request alone, and answers `PrebuiltJson`: nothing is to be
    resolved.

    Litestar's own way there, past guards, parameters, dependencies and kinds of answers, costs more than a dashboard.
    """

    def __init__(self, app: ASGIApp) -> None:
        """`app` is that way, which is not taken."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have the handler answer."""
        ready: PrebuiltJson = await scope["route_handler"].fn(SafeRequest(scope, receive, send))
        await ready(scope, receive, send)
