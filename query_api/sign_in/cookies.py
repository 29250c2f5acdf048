"""The two cookies, and what else of a request tells browsers apart."""

from datetime import timedelta
from typing import Any, NamedTuple

from litestar import Request
from litestar.datastructures import Cookie, State

from read_models.documents import Doc
from web.cookies import host_cookie, network_of, token_in

AnyRequest = Request[Any, Any, State]

BINDING_LIFE = timedelta(minutes=30)
"""Longer than a mail is tried to be delivered and a code then lives."""

SESSION_LIFE = timedelta(days=90)
"""The longest that a session lives, used or not."""

DEVICE_LENGTH = 200


class ClientInfo(NamedTuple):
    """Cookies and network of a request."""

    binding: str | None
    """The token that binds codes to this browser; None when it has none yet."""
    session: str | None
    """The token of its session at this business, if it has one."""
    network: str
    """The IPv4 address, or the IPv6 network that one customer of a provider is given."""
    device: str
    """What it says of itself."""


def session_cookie_name(slug: str) -> str:
    """Return the name of a business's session cookie: one browser can be signed in to two businesses.

    See docs/contracts/api.md, Sign-in.
    """
    return f"__Host-portal-{slug}"


def binding_cookie_name(slug: str) -> str:
    """Return the name of the cookie that binds a code to a browser: of no slug it is that of a session."""
    return f"__Host-sign-in-{slug}"


def session_cookie(business: Doc, token: str) -> Cookie:
    """Return the cookie of a session; how long the session lives is the server's affair."""
    return host_cookie(session_cookie_name(business["slug"]), token, SESSION_LIFE)


def expired_session_cookie(business: Doc) -> Cookie:
    """Return the cookie that makes a browser forget its session."""
    return host_cookie(session_cookie_name(business["slug"]), "", timedelta())


def binding_cookie(business: Doc, binding: str) -> Cookie:
    """Return the cookie that binds codes to a browser; each request for a code makes it last from then on."""
    return host_cookie(binding_cookie_name(business["slug"]), binding, BINDING_LIFE)


def session_token(request: AnyRequest, business: Doc) -> str | None:
    """Return the token of the browser's session at a business, as far as it can be one."""
    return token_in(request, session_cookie_name(business["slug"]))


def browser_of(request: AnyRequest, business: Doc) -> ClientInfo:
    """Return where a request comes from."""
    return ClientInfo(
        binding=token_in(request, binding_cookie_name(business["slug"])),
        session=session_token(request, business),
        network=network_of(request.client.host if request.client else ""),
        device=request.headers.get("User-Agent", "")[:DEVICE_LENGTH],
    )
