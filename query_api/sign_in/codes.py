"""The secrets of a sign-in, and what is kept of them: only hashes.

Of tokens see `web.tokens`. A code has six digits and would be found by trying: its hash is keyed with
`PORTAL_SECRET_KEY`, and the sign-in's id makes equal codes differ.
"""

import hmac
import secrets
from collections.abc import Sequence


def new_id() -> str:
    """Return an id that nobody guesses."""
    return secrets.token_hex(16)


def new_code() -> str:
    """Return a code: six digits."""
    return f"{secrets.randbelow(1_000_000):06}"


class HmacKeyRing:
    """The keys that hashes are made with, newest first."""

    def __init__(self, keys: Sequence[str]) -> None:
        self._keys = [key.encode() for key in keys]

    def sign(self, purpose: str, *parts: str) -> str:
        """Return the keyed hash of some parts, by the newest key, in hex; `purpose` keeps kinds of hashes apart."""
        return _seal(self._keys[0], purpose, parts)

    def verify(self, sealed: str, purpose: str, *parts: str) -> bool:
        """Return whether a keyed hash is that of these parts, by any of the keys."""
        return any(hmac.compare_digest(sealed, _seal(key, purpose, parts)) for key in self._keys)


def _seal(key: bytes, purpose: str, parts: Sequence[str]) -> str:
    return hmac.digest(key, "\0".join((purpose, *parts)).encode(), "sha256").hex()
