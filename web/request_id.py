"""A name for every request, by which its lines are found in the logs. Paths are not logged: some carry secrets."""

import itertools
import re
import secrets
from collections.abc import Mapping
from typing import Final

HEADER: Final = b"x-request-id"
_IS_NAME: Final = re.compile(rb"[A-Za-z0-9._-]{8,64}").fullmatch


class RequestIds:
    """Takes the name that a proxy gave, or makes one: 20 hexadecimal digits, none of them twice."""

    def __init__(self) -> None:
        self._begin = secrets.token_hex(6).encode()
        self._numbers = itertools.count()

    def of(self, headers: Mapping[bytes, bytes]) -> bytes:
        """Return the name of a request with these headers."""
        given = headers.get(HEADER)
        if given is not None and _IS_NAME(given):
            return given
        return b"%s%08x" % (self._begin, next(self._numbers))
