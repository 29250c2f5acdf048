"""What is not to be read in logs, errors and the audit, nor by operators: contact data of customers."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

# Nothing is looked at twice: only where a word begins, and without going back. Texts may be long.
_ADDRESS: Final = re.compile(r"(?<![^\s@\"'<>(),:;])[^\s@\"'<>(),:;]++@[^\s@\"'<>(),:;]++")

_ADDRESSES: Final = ("address", "addresses", "line1", "line2", "city", "region", "postal_code", "location")
_WORDS: Final = ("instructions", "caption", "text", "summary", "memo", "note", "reason")
CONTACT: Final = frozenset(("name", "email", "emails", "sign_in", "phone", "signed_by", *_ADDRESSES, *_WORDS))
"""Fields, in events and documents, that say how a customer is reached, where, or what was written for people."""

OF_THINGS: Final = frozenset(("service", "plan", "services", "technician", "items", "tasks"))
"""What has a name that is nobody's contact."""


def without_addresses(text: str) -> str:
    """The text with e-mail addresses masked."""
    return _ADDRESS.sub("…@…", text)


def masked(value: Any, path: Sequence[str] = ()) -> Any:
    """A value of an event or a document, with contact data masked; `path` are the fields that lead to it."""
    if any(_is_contact(path[: end + 1]) for end in range(len(path))):
        return _hidden(value)
    if isinstance(value, Mapping):
        return {name: masked(inner, [*path, str(name)]) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [masked(inner, path) for inner in value]
    return without_addresses(value) if isinstance(value, str) else value


def _is_contact(path: Sequence[str]) -> bool:
    return path[-1] in CONTACT and not (path[-1] == "name" and len(path) > 1 and path[-2] in OF_THINGS)


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {name: _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(inner) for inner in value]
    return f"••• ({len(value)} characters)" if isinstance(value, str) else value if value is None else "•••"
