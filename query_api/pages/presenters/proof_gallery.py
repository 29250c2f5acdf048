"""Presenter of a visit and its Proof Pack: punctuality, and which photos belong together.

Pure: a visit is the JSON of `GET /{slug}/api/visits/{id}`, items are those of its Proof Pack (docs/contracts/api.md).
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, NamedTuple

Item = Mapping[str, Any]


class Punctuality(NamedTuple):
    """Arrival compared with the promised window."""

    minutes: int
    """Whole minutes after the end of the window, rounded up; 0 when it was within the window or before it."""
    on_time: bool
    """Whether that is within what the contract allows: then health counts it as on time (docs/contracts/views.md)."""


class BeforeAfterPair(NamedTuple):
    """The same thing before and after."""

    before: Item
    after: Item


class ProofGallery(NamedTuple):
    """A Proof Pack, sorted by what is looked at together; all in the pack's order."""

    pairs: Sequence[BeforeAfterPair]
    photos: Sequence[Item]
    """Those in no pair."""
    notes: Sequence[Item]
    signatures: Sequence[Item]
    documents: Sequence[Item]
    """Also photos that are no pictures a page could show."""


def punctuality(visit: Item, grace: int) -> Punctuality | None:
    """Return how punctual a visit was, with so many minutes of grace; None when nobody knows when they arrived."""
    if visit["arrived_at"] is None:
        return None
    late = datetime.fromisoformat(visit["arrived_at"]) - datetime.fromisoformat(visit["window"]["end"])
    minutes = max(0, -int(-late.total_seconds() // 60))
    return Punctuality(minutes, minutes <= grace)


def album(items: Sequence[Item]) -> ProofGallery:
    """Return the items of a pack, sorted."""
    pictures = [item for item in items if item["kind"] == "photo" and is_picture(item)]
    pairs = paired(pictures)
    in_pairs = {item["id"] for pair in pairs for item in pair}
    return ProofGallery(
        pairs=pairs,
        photos=[item for item in pictures if item["id"] not in in_pairs],
        notes=[item for item in items if item["kind"] == "note"],
        signatures=[item for item in items if item["kind"] == "signature" and is_picture(item)],
        documents=[item for item in items if item["file"] is not None and not is_picture(item)]
        + [item for item in items if item["kind"] == "document" and is_picture(item)],
    )


def is_picture(item: Item) -> bool:
    """Return whether a page can show it."""
    return item["file"] is not None and item["file"]["thumbnail_url"] is not None


def paired(pictures: Sequence[Item]) -> list[BeforeAfterPair]:
    """Photos before with photos after: those with the same caption, then what is left one by one."""
    before, after = ([one for one in pictures if one["stage"] == stage] for stage in ("before", "after"))
    pairs: dict[str, Item] = {}
    for alike in (True, False):
        for one in before:
            if one["id"] in pairs:
                continue
            match = next((other for other in after if not alike or _same(one, other)), None)
            if match is not None:
                pairs[one["id"]] = match
                after.remove(match)
    return [BeforeAfterPair(one, pairs[one["id"]]) for one in before if one["id"] in pairs]


def _same(one: Item, other: Item) -> bool:
    named, other_named = ((item["caption"] or "").strip().casefold() for item in (one, other))
    return bool(named) and named == other_named


def shown(found: ProofGallery) -> Sequence[Item]:
    """Return all pictures, in the order in which they are looked at one after the other."""
    return [*(item for pair in found.pairs for item in pair), *found.photos, *found.signatures]
