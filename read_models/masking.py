"""Masking of customers' contact data in logs, errors, the audit and operators' pages."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, Final

# Nothing is looked at twice: only where a word begins, and without going back. Texts may be long.
_ADDRESS: Final = re.compile(r"(?<![^\s@\"'<>(),:;])[^\s@\"'<>(),:;]++@[^\s@\"'<>(),:;]++")

_ADDRESSES: Final = ("address", "addresses", "line1", "line2", "city", "region", "postal_code", "location")
_WORDS: Final = ("instructions", "caption", "text", "summary", "memo", "note", "reason")
CONTACT: Final = frozenset(("name", "email", "emails", "sign_in", "phone", "signed_by", *_ADDRESSES, *_WORDS))
"""Fields, in events and documents, that say how a customer is reached, where, or what was written for people."""

_PARTS: Final = frozenset(("name", "mail", "email", "emails", "phone", "mobile", "address", "street"))
"""What says the same in names that no event of ours has: `customerName`, `phone_number`."""
_WORD: Final = re.compile(r"[A-Z]?[a-z]+|[A-Z]+")

ENCODED: Final = "data_base64"
"""Where a CloudEvent carries whatever it was given, in base64 (CloudEvents 1.0, JSON format, 3.1)."""

OF_THINGS: Final = frozenset(("service", "plan", "services", "technician", "items", "tasks"))
"""What has a name that is nobody's contact."""


def mask_emails(text: str) -> str:
    """Return the text with e-mail addresses masked."""
    return _ADDRESS.sub("…@…", text)


def mask_contact_data(value: Any, path: Sequence[str] = ()) -> Any:
    """Return a value of an event or a document, with contact data masked; `path` are the fields that lead to it."""
    if any(_is_contact(path[: end + 1]) for end in range(len(path))):
        return _hidden(value)
    if isinstance(value, Mapping):
        return {
            mask_emails(str(name)): mask_contact_data(inner, [*path, str(name)])
            for name, inner in value.items()
        }
    if isinstance(value, list | tuple):
        return [mask_contact_data(inner, path) for inner in value]
    return mask_emails(value) if isinstance(value, str) else value


def _is_contact(path: Sequence[str]) -> bool:
    name = path[-1]
    if name == "name" and len(path) > 1 and path[-2] in OF_THINGS:
        return False
    return name in CONTACT or name == ENCODED or not _PARTS.isdisjoint(_words(name))


def _words(name: str) -> list[str]:
    return [word.lower() for word in _WORD.findall(name)]


def _hidden(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {mask_emails(str(name)): _hidden(inner) for name, inner in value.items()}
    if isinstance(value, list | tuple):
        return [_hidden(inner) for inner in value]
    return f"••• ({len(value)} characters)" if isinstance(value, str) else value if value is None else "•••"
