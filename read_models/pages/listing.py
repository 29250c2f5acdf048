"""A part of a list, and the cursor that leads to the next (API.md, Lists)."""

import base64
import binascii
from collections.abc import Callable
from typing import NamedTuple, Self

import orjson

from read_models.documents import Doc
from read_models.lists import LISTS, Range, at
from read_models.pages.reading import Reading


class BadCursor(Exception):
    """The cursor is none that a list gave."""


class Part(NamedTuple):
    """At most `limit` items of a list, behind the item of which `after` gives the key and the id."""

    limit: int
    after: tuple[str, str] | None = None

    @classmethod
    def behind(cls, cursor: str | None, limit: int) -> Self:
        """The part that a cursor leads to, the first one where there is none; raises BadCursor."""
        return cls(limit, decoded(cursor) if cursor is not None else None)


def encoded(key: str, last_id: str) -> str:
    """The cursor of what comes behind an item: its place in the list, so that newer items shift nothing."""
    return base64.urlsafe_b64encode(orjson.dumps([key, last_id])).decode().rstrip("=")


def decoded(cursor: str) -> tuple[str, str]:
    """The key and the id in a cursor; raises BadCursor."""
    try:
        match orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))):
            # Decoding is lenient; the cursor has to be the very text that was given.
            case [str(key), str(last_id)] if encoded(key, last_id) == cursor:
                return key, last_id
    except (binascii.Error, ValueError) as error:
        raise BadCursor from error
    raise BadCursor


async def listed(reading: Reading, wanted: Range, part: Part, item: Callable[[Doc], Doc]) -> Doc:
    """A part of a list as it is served; `wanted` is the list, its limit is the part's."""
    found = await found_in(reading, wanted, part)
    return served(wanted, part, found, [item(document) for document in found[: part.limit]])


async def found_in(reading: Reading, wanted: Range, part: Part) -> list[Doc]:
    """The documents of a part, and one more where the list goes on."""
    return await reading.store.range(wanted._replace(limit=part.limit + 1, after=part.after))


def served(wanted: Range, part: Part, found: list[Doc], items: list[Doc]) -> Doc:
    """The items of the documents found, and the cursor behind the last where the list goes on."""
    following = None
    if len(found) > part.limit:
        last = found[part.limit - 1]
        following = encoded(at(last, f"{LISTS[wanted.list].by}.key"), last["id"])
    return {"items": items, "next": following}
