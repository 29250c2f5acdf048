"""Cookies of this host, and the client's network.

`__Host-` asks for `Secure` and `Path=/` and forbids `Domain`: no other host can set or see such a cookie. On http,
which is accepted on loopback only, browsers keep to it too: they count loopback as trustworthy.
"""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any

from litestar import Request
from litestar.datastructures import Cookie

from web.request_headers import request_headers
from web.tokens import TOKEN_LENGTH


def host_cookie(name: str, value: str, life: timedelta) -> Cookie:
    """Return a cookie of this host alone, which scripts do not see and other sites' forms do not send.

    `name` begins with `__Host-`, here and below.
    """
    return Cookie(
        key=name,
        value=value,
        path="/",
        max_age=int(life.total_seconds()),
        secure=True,
        httponly=True,
        samesite="lax",
    )


def token_in(request: Request[Any, Any, Any], name: str) -> str | None:
    """Return the token in such a cookie, as far as it can be one."""
    sent = request_headers(request.scope).get(b"cookie", b"").decode("latin-1")
    for pair in sent.split(";"):
        known, _, token = pair.strip().partition("=")
        if known == name:
            return token if len(token) == TOKEN_LENGTH else None
    return None


def network_of(host: str) -> str:
    """Return the network that limits count by: an IPv4 address, or the /64 of an IPv6 address; "" where there is
    none."""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)
