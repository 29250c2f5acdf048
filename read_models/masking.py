"""What is not to be read in logs, errors and the audit."""

import re
from typing import Final

# Nothing is looked at twice: only where a word begins, and without going back. Texts may be long.
_ADDRESS: Final = re.compile(r"(?<![^\s@\"'<>(),:;])[^\s@\"'<>(),:;]++@[^\s@\"'<>(),:;]++")


def without_addresses(text: str) -> str:
    """The text with e-mail addresses masked."""
    return _ADDRESS.sub("…@…", text)
