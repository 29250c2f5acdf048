"""The headers that tell browsers what a page of ours may do: nearly nothing."""

from collections.abc import Mapping

from litestar.types import HTTPScope

from web.pipeline import BufferedResponse
from web.request_headers import request_headers

CONTENT_SECURITY_POLICY = "; ".join(
    (
        "default-src 'none'",
        # Said by the line above, too; some look for it (OWASP ASVS 3.4.3).
        "object-src 'none'",
        "script-src 'self'",
        "style-src 'self'",
        "img-src 'self'",
        "connect-src 'self'",
        "manifest-src 'self'",
        "form-action 'self'",
        "frame-ancestors 'none'",
        "base-uri 'none'",
    )
)
"""No inline script or style, no plug-in, no frame, nothing from or to a third party."""

HEADERS = {
    "Content-Security-Policy": CONTENT_SECURITY_POLICY,
    "X-Content-Type-Options": "nosniff",
    # Not `no-referrer`: under that, browsers send `Origin: null` with forms (docs/contracts/api.md).
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
}

STRICT_TRANSPORT = {"Strict-Transport-Security": "max-age=63072000"}
"""Two years, as browsers' preload lists ask for; without subdomains, which are not ours on a business's own domain."""

SUBDOMAINS = b"; includeSubDomains"
"""What is added on a host whose subdomains are nobody else's (OWASP ASVS 3.4.1)."""


def security_headers(*, https: bool) -> dict[str, str]:
    """Return the headers of every response; with `https`, that the host is never to be asked in the clear again."""
    return HEADERS | STRICT_TRANSPORT if https else dict(HEADERS)


class SecurityHeaders:
    """A step that adds the security headers to every answer, errors included.

    A header that the answer already has is left alone: a route may be stricter.
    """

    def __init__(
        self, *, https: bool, domain: str | None = None, further: Mapping[str, str] | None = None
    ) -> None:
        """`domain` is the host whose subdomains belong to the installation, too; `further` are a service's own."""
        headers = security_headers(https=https) | dict(further or {})
        self._headers = [(name.lower().encode(), value.encode()) for name, value in headers.items()]
        self._of_domain = [
            (name, value + SUBDOMAINS if name == b"strict-transport-security" else value)
            for name, value in self._headers
        ]
        self._domain = domain.encode() if domain else None

    def __call__(self, scope: HTTPScope, answer: BufferedResponse) -> None:
        """Add what is missing."""
        of_domain = self._domain is not None and self._domain == host_of(scope)
        answer.add_missing(self._of_domain if of_domain else self._headers)


def host_of(scope: HTTPScope) -> bytes:
    """Return the host that a request names, in lower case and without its port; b"" where it names none."""
    return request_headers(scope).get(b"host", b"").lower().partition(b":")[0]
