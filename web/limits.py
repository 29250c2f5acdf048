"""How large a request may be besides its body, which Litestar limits: all of it is held in memory."""

from litestar.enums import ScopeType
from litestar.exceptions import HTTPException
from litestar.types import ASGIApp, Receive, Scope, Send

MAX_HEADER_BYTES = 32 * 1024
"""All headers together: a browser's cookies for one host, and then some."""

MAX_TARGET_BYTES = 160 * 1024
"""Path and query. A cursor may hold a name of 20,000 characters, which UTF-8, base64 and escapes make longer."""


class Bounded:
    """ASGI middleware: refuses what is too large before anybody reads it (RFC 6585, 5; RFC 9110, 15.5.15)."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on. Raises HTTPException: 431 for its headers, 414 for its target."""
        if scope["type"] == ScopeType.HTTP:
            if len(scope["raw_path"]) + len(scope["query_string"]) > MAX_TARGET_BYTES:
                raise HTTPException("The address is too long.", status_code=414)
            if sum([len(name) + len(value) for name, value in scope["headers"]]) > MAX_HEADER_BYTES:
                raise HTTPException("The headers are too large.", status_code=431)
        await self._app(scope, receive, send)
