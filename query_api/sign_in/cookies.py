"""The two cookies, and what else of a request tells browsers apart.

`__Host-` asks for `Secure` and `Path=/` and forbids `Domain`: no other host can set or see them. On http, which is
accepted on loopback only, browsers keep to it too: they count loopback as trustworthy.
"""

from datetime import timedelta
from ipaddress import IPv6Address, ip_address, ip_network
from typing import Any, NamedTuple

from litestar import Request
from litestar.datastructures import Cookie, State

from query_api.sign_in.secrets import TOKEN_LENGTH
from read_models.documents import Doc

AnyRequest = Request[Any, Any, State]

BINDING_LIFE = timedelta(minutes=30)
"""Longer than a mail is tried to be delivered and a code then lives."""

SESSION_LIFE = timedelta(days=90)
"""The longest that a session lives, used or not."""

DEVICE_LENGTH = 200


class Browser(NamedTuple):
    """Where a request comes from."""

    binding: str | None
    """The token that binds codes to this browser; None when it has none yet."""
    session: str | None
    """The token of its session at this business, if it has one."""
    network: str
    """The IPv4 address, or the IPv6 network that one customer of a provider is given."""
    device: str
    """What it says of itself."""


def session_cookie_name(slug: str) -> str:
    """The name of a business's session cookie (API.md): one browser can be signed in to two businesses."""
    return f"__Host-portal-{slug}"


def binding_cookie_name(slug: str) -> str:
    """The name of the cookie that binds a code to a browser: of no slug it is that of a session."""
    return f"__Host-sign-in-{slug}"


def session_cookie(business: Doc, token: str) -> Cookie:
    """The cookie of a session; how long the session lives is the server's affair."""
    return _cookie(session_cookie_name(business["slug"]), token, SESSION_LIFE)


def expired_session_cookie(business: Doc) -> Cookie:
    """The cookie that makes a browser forget its session."""
    return _cookie(session_cookie_name(business["slug"]), "", timedelta())


def binding_cookie(business: Doc, binding: str) -> Cookie:
    """The cookie that binds codes to a browser; each request for a code makes it last from then on."""
    return _cookie(binding_cookie_name(business["slug"]), binding, BINDING_LIFE)


def session_token(request: AnyRequest, business: Doc) -> str | None:
    """The token of the browser's session at a business, as far as it can be one."""
    return _token(request, session_cookie_name(business["slug"]))


def browser_of(request: AnyRequest, business: Doc) -> Browser:
    """Where a request comes from."""
    return Browser(
        binding=_token(request, binding_cookie_name(business["slug"])),
        session=session_token(request, business),
        network=network_of(request.client.host if request.client else ""),
        device=request.headers.get("User-Agent", "")[:DEVICE_LENGTH],
    )


def network_of(host: str) -> str:
    """The network that limits count by: an IPv4 address, or the /64 of an IPv6 address; "" where there is none."""
    try:
        address = ip_address(host)
    except ValueError:
        return ""
    if isinstance(address, IPv6Address):
        return str(address.ipv4_mapped or ip_network((address, 64), strict=False))
    return str(address)


def _token(request: AnyRequest, name: str) -> str | None:
    token = request.cookies.get(name, "")
    return token if len(token) == TOKEN_LENGTH else None


def _cookie(name: str, value: str, life: timedelta) -> Cookie:
    return Cookie(
        key=name,
        value=value,
        path="/",
        max_age=int(life.total_seconds()),
        secure=True,
        httponly=True,
        samesite="lax",
    )
