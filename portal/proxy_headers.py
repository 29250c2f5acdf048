"""Middleware that finds the client's address behind trusted proxies."""

import re
from collections.abc import Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Address, IPv6Network, ip_address
from typing import Final

from litestar.enums import ScopeType
from litestar.types import ASGIApp, Receive, Scope, Send

from web.request_headers import request_headers

FORWARDED: Final = b"x-forwarded-for"
_HOP: Final = re.compile(r"\[(?P<six>[^\]]+)\](:\d+)?|(?P<four>[\d.]+)(:\d+)?|(?P<bare>.+)")


class TrustedProxyMiddleware:
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
            client = self._client(host, request_headers(scope).get(FORWARDED, b"").decode("latin-1"))
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
    """Return the address of a hop, which may have a port; None for what is none, such as `unknown`."""
    found = _HOP.fullmatch(hop.strip())
    if found is None:
        return None
    try:
        address = ip_address(found["six"] or found["four"] or found["bare"])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
