"""What is known of every request before it is answered: a name for it, and whose it is."""

import itertools
import re
import secrets
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

import structlog
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from web.asked import headers_of

HEADER: Final = b"x-request-id"
FORWARDED: Final = b"x-forwarded-for"
_IS_ID: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}").fullmatch
_HOP: Final = re.compile(r"\[(?P<six>[^\]]+)\](:\d+)?|(?P<four>[\d.]+)(:\d+)?|(?P<bare>.+)")


class RequestIds:
    """Takes the id that a proxy gave, or makes one, for the answer and every line that is logged meanwhile.

    Paths are not logged: some carry secrets.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app
        self._begin = secrets.token_hex(6).encode()
        self._numbers = itertools.count()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does."""
        if scope["type"] != ScopeType.HTTP:
            await self._app(scope, receive, send)
            return
        given = headers_of(scope).get(HEADER, b"")
        request_id = given if _IS_ID(given) else b"%s%08x" % (self._begin, next(self._numbers))

        async def answer(message: Message) -> None:
            if message["type"] == "http.response.start":
                message["headers"] = [*message["headers"], (HEADER, request_id)]
            await send(message)

        bound = structlog.contextvars.bind_contextvars(request_id=request_id.decode())
        try:
            await self._app(scope, receive, answer)
        finally:
            structlog.contextvars.reset_contextvars(**bound)


class Clients:
    """Behind proxies that are trusted: the client is the last one in `X-Forwarded-For` that is none of them.

    What stands before that one is what it says of itself. Who is no trusted proxy is the client, whatever it sends.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer as the application does, which sees the client."""
        if scope["type"] == ScopeType.HTTP and scope["client"]:
            host, port = scope["client"]
            client = self._client(host, headers_of(scope).get(FORWARDED, b"").decode("latin-1"))
            scope["client"] = (host, port) if client == host else (client, 0)
        await self._app(scope, receive, send)

    def _client(self, peer: str, forwarded: str) -> str:
        client = peer
        hops = forwarded.split(",") if forwarded else []
        while self._is_trusted(client) and hops:
            found = _address(hops.pop())
            if found is None:
                break
            client = str(found)
        return client

    def _is_trusted(self, host: str) -> bool:
        address = _address(host)
        return address is not None and any(address in network for network in self._trusted)


def _address(hop: str) -> IPv4Address | IPv6Address | None:
    """The address of a hop, which may have a port; None for what is none, such as `unknown`."""
    found = _HOP.fullmatch(hop.strip())
    if found is None:
        return None
    try:
        address = ip_address(found["six"] or found["four"] or found["bare"])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
