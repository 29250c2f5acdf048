"""Under which address a portal is reached. It comes from `PORTAL_PUBLIC_URL` or the business, never from a request."""

import re
from functools import lru_cache
from urllib.parse import urlsplit

from read_models.documents import Doc

HOST = re.compile(r"(?=.{1,253}$)([a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)(\.[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?)+")
"""A host name (RFC 1123, 2.1); what a business claims may be any text."""


class PublicUrls:
    """The addresses of an installation."""

    def __init__(self, public_url: str) -> None:
        """`public_url` is scheme and authority, without a trailing slash."""
        parts = urlsplit(public_url)
        self.public = public_url
        self.host = parts.hostname or ""
        self.scheme = parts.scheme
        self._port = f":{parts.port}" if parts.port else ""

    def custom(self, host: str) -> str:
        """Return the origin of a business's own host: as the public one, under another name."""
        return f"{self.scheme}://{host}{self._port}"

    def may_be_custom(self, host: str) -> bool:
        """Return whether a host name can be a business's own."""
        return host != self.host and is_host_name(host)


@lru_cache
def is_host_name(host: str) -> bool:
    """Return whether a text can be a host's name; every request asks, of few."""
    return HOST.fullmatch(host) is not None


def portal_url(origin: str, business: Doc, path: str = "") -> str:
    """Return the address of a page of a business's portal."""
    return f"{origin}/{business['slug']}/{path}"
