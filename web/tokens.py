"""Tokens of sessions, links and browsers: 256 random bits, so that a plain hash of one gives nothing away."""

import hashlib
import secrets

TOKEN_LENGTH = 43
"""Characters of a token: 32 bytes in URL-safe base64."""


def new_token() -> str:
    """Return a token for a session, a link or a browser."""
    return secrets.token_urlsafe(32)


def digest(token: str) -> str:
    """Return what is kept of a token: its SHA-256, in hex."""
    return hashlib.sha256(token.encode()).hexdigest()
