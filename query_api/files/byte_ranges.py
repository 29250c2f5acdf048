"""Parts of files (RFC 9110, 14): one range of bytes; several are answered with the whole, as anybody may."""

import re
from typing import Final, NamedTuple

ONE_RANGE: Final = re.compile(r"bytes=[ \t]*(\d*)-(\d*)[ \t]*", re.ASCII | re.IGNORECASE)

MOST_DIGITS: Final = 18
"""No file is so long; longer numbers would only cost time."""


class RangeNotSatisfiable(Exception):
    """The file has no byte of the range."""


class ByteRange(NamedTuple):
    """The bytes from `first` to `last`, both included."""

    first: int
    last: int

    @property
    def size(self) -> int:
        """Number of bytes."""
        return self.last - self.first + 1


def span_of(asked: str | None, size: int) -> ByteRange | None:
    """Return the bytes that a Range header asks for; None where the whole is to be answered. Raises
    RangeNotSatisfiable."""
    match = ONE_RANGE.fullmatch(asked) if asked else None
    if match is None:
        return None
    first, last = match.groups()
    if (
        not (first or last)
        or max(len(first), len(last)) > MOST_DIGITS
        or (first and last and int(last) < int(first))
    ):
        return None
    if not first:
        span = ByteRange(max(0, size - int(last)), size - 1)
    else:
        span = ByteRange(int(first), min(int(last), size - 1) if last else size - 1)
    if span.size < 1:
        raise RangeNotSatisfiable
    return span
