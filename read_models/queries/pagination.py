"""A part of a list, and the cursor that leads to the next (docs/contracts/api.md, Lists)."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Final, NamedTuple, Self, TypeVar

import orjson

from read_models.documents import Doc
from read_models.indexed_lists import LISTS, OWNER, ListQuery, get_path
from read_models.queries.context import QueryContext

KEPT_OF_A_KEY: Final = 200
"""Characters. A plan's name is a key, and may be longer than an address that a server takes."""

LONGEST_CURSOR: Final = (6 * KEPT_OF_A_KEY + 200) * 4 // 3
"""Characters: JSON makes six of one, and of the rest none is escaped."""

T = TypeVar("T")


class InvalidCursor(Exception):
    """The cursor is none that the list gave."""


class CursorPosition(NamedTuple):
    """Position of an item: its list, its key there, of which the beginning is enough, and its id."""

    list: str
    key: str
    id: str


class PageQuery(NamedTuple):
    """At most `limit` items of a list, behind the one that lies at `after`."""

    limit: int
    after: CursorPosition | None = None

    @classmethod
    def from_cursor(cls, cursor: str | None, limit: int) -> Self:
        """Return the part that a cursor leads to, the first one where there is none; raises InvalidCursor."""
        return cls(limit, decoded(cursor) if cursor is not None else None)


def encoded(last: CursorPosition) -> str:
    """Return the cursor of what comes behind an item: its place, so that newer items shift nothing."""
    return base64.urlsafe_b64encode(orjson.dumps([*_cut(last)])).decode().rstrip("=")


def decoded(cursor: str) -> CursorPosition:
    """Return the place in a cursor; raises InvalidCursor."""
    try:
        match orjson.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))):
            # Decoding is lenient; the cursor has to be the very text that was given.
            case [str(name), str(key), str(last_id)] if encoded(CursorPosition(name, key, last_id)) == cursor:
                return CursorPosition(name, key, last_id)
    except (binascii.Error, ValueError) as error:
        raise InvalidCursor from error
    raise InvalidCursor


async def paginate(
    reading: QueryContext, wanted: ListQuery, part: PageQuery, item: Callable[[Doc], Doc]
) -> Doc:
    """Return a part of a list as it is served; `wanted` is the list, its limit is the part's."""
    found = await fetch_page(reading, wanted, part)
    return to_page(wanted, part, found, [item(document) for document in found[: part.limit]])


async def fetch_page(reading: QueryContext, wanted: ListQuery, part: PageQuery) -> list[Doc]:
    """Return the documents of a part, and one more where the list goes on; raises InvalidCursor."""
    after = await _behind(reading, wanted, part.after) if part.after else None
    return await reading.store.range(wanted._replace(limit=part.limit + 1, after=after))


async def _behind(reading: QueryContext, wanted: ListQuery, last: CursorPosition) -> tuple[str, str]:
    """Return the key and the id of the item that a part begins behind. Raises InvalidCursor for one of another list."""
    if last.list != _name(wanted):
        raise InvalidCursor
    if len(last.key) < KEPT_OF_A_KEY:
        return last.key, last.id
    found = await reading.store.range(wanted._replace(limit=1, where={"id": last.id}))
    key = _key(wanted, found[0]) if found else last.key
    # Where the item is gone or has another name, some of those that begin alike may come again, but none is left out.
    return (key if key.startswith(last.key) else last.key), last.id


def to_page(wanted: ListQuery, part: PageQuery, found: list[Doc], items: list[Doc]) -> Doc:
    """Return the items of the documents found, and the cursor behind the last where the list goes on."""
    following = None
    if len(found) > part.limit:
        last = found[part.limit - 1]
        following = encoded(CursorPosition(_name(wanted), _key(wanted, last), last["id"]))
    return {"items": items, "next": following}


def paginate_in_memory(
    name: str,
    found: Sequence[T],
    part: PageQuery,
    place: Callable[[T], tuple[str, str]],
    item: Callable[[T], Doc],
) -> Doc:
    """Return a part of a short list as it is served; `found` is all of the list, its largest keys first. Raises
    InvalidCursor.

    `place` gives an item's key and id.
    """
    places = [_cut(CursorPosition(name, *place(one))) for one in found]
    begin = _begin(name, places, part.after) if part.after else 0
    end = begin + part.limit
    following = encoded(places[end - 1]) if end < len(places) else None
    return {"items": [item(one) for one in found[begin:end]], "next": following}


def _begin(name: str, places: Sequence[CursorPosition], last: CursorPosition) -> int:
    if last.list != name:
        raise InvalidCursor
    if last in places:
        return places.index(last) + 1
    # It is gone: what came behind it does still.
    return next((index for index, one in enumerate(places) if one.key < last.key), len(places))


def _cut(place: CursorPosition) -> CursorPosition:
    return place._replace(key=place.key[:KEPT_OF_A_KEY])


def _name(wanted: ListQuery) -> str:
    """Return the name of a list in its cursors: where it is narrowed to a record, each record has one of its own."""
    return "/".join((wanted.list, *wanted.scope[len(OWNER) :]))


def _key(wanted: ListQuery, document: Doc) -> str:
    key: str = get_path(document, f"{LISTS[wanted.list].by}.key")
    return key
