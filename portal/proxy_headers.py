"""Middleware that finds the client's address behind trusted proxies.

Granian's `wrap_asgi_with_proxy_headers` is not used: it does not parse hops with a port, brackets or an IPv4-mapped
address, and takes a malformed hop such as `unknown` for the client.
"""

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
    """Sets the client of a request to the right-most hop of `X-Forwarded-For` that is not a trusted proxy.

    Hops further left are claims of that client and are ignored. A peer that is not a trusted proxy is itself the
    client, whatever it sends.
    """

    def __init__(self, app: ASGIApp, trusted: Sequence[IPv4Network | IPv6Network]) -> None:
        self._app = app
        self._trusted = trusted

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Call the application with the client of the request in `scope["client"]`."""
        if scope["type"] == ScopeType.HTTP and scope["client"]:
            host, port = scope["client"]
            client = self._client_address(host, request_headers(scope).get(FORWARDED, b"").decode("latin-1"))
            scope["client"] = (host, port) if client == host else (client, 0)
        await self._app(scope, receive, send)

    def _client_address(self, peer: str, forwarded: str) -> str:
        client = peer
        hops = forwarded.split(",") if forwarded else []
        while self._is_trusted(client) and hops:
            address = _parse_address(hops.pop())
            if address is None:
                break
            client = str(address)
        return client

    def _is_trusted(self, host: str) -> bool:
        address = _parse_address(host)
        return address is not None and any(address in network for network in self._trusted)


def _parse_address(hop: str) -> IPv4Address | IPv6Address | None:
    """Return the address of a hop, which may have a port; None if it is malformed, such as `unknown`."""
    match = _HOP.fullmatch(hop.strip())
    if match is None:
        return None
    try:
        address = ip_address(match["six"] or match["four"] or match["bare"])
    except ValueError:
        return None
    return (isinstance(address, IPv6Address) and address.ipv4_mapped) or address
