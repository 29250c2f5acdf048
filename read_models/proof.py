"""Proof items and Proof Packs, and what a visit knows of them (docs/contracts/views.md, Proof Packs).

An item and a pack are documents of their own, named by a pack and a visit; what decides whether a visit has proof is
kept in the visit.
"""

from typing import Any

from events.envelope import Event
from read_models.documents import Doc, append_activity, new_document, to_plain

ITEM_FIRST = frozenset({"uploaded"})
PACK_FIRST = frozenset({"published"})


def new_item(business: str, customer: str, subject: str) -> Doc:
    """Return a proof item that was not uploaded yet."""
    return new_document(business, customer, "proof", subject) | {"visit_id": None}


def new_pack(business: str, customer: str, subject: str) -> Doc:
    """Return a pack that was not published yet."""
    return new_document(business, customer, "proof_pack", subject) | {"visit_id": None}


def visit_of(proof: Doc | None, data: Any) -> str:
    """Return the visit that an item or a pack belongs to: the first one named stands.

    See docs/contracts/events.md, First facts and references.
    """
    stands = proof and proof["visit_id"]
    return str(stands or data.visit_id)


def evolve_item(item: Doc, visit: Doc, event: Event) -> None:
    """Apply an event of a proof item to it and to its visit. Retracted is for good."""
    data: Any = event.data
    if event.fact == "uploaded" and item["visit_id"] is None:
        item.update(
            visit_id=data.visit_id,
            shown=True,
            item_kind=data.kind,
            stage=data.stage,
            caption=data.caption,
            text=data.text,
            media=to_plain(data.media),
            captured_at=data.captured_at,
            location=to_plain(data.location),
        )
        visit["proofs"] = sorted({*visit["proofs"], item["id"]})
    elif event.fact == "retracted" and item["shown"]:
        # Its contents go; the empty document keeps its place in the sequence.
        for name in ("caption", "text", "media", "location"):
            item[name] = None
        item["shown"] = False
        visit["proofs"] = [proof for proof in visit["proofs"] if proof != item["id"]]


def evolve_pack(pack: Doc, visit: Doc, event: Event) -> None:
    """Apply an event of a pack: the one published last replaces the others for good."""
    data: Any = event.data
    if event.fact == "published":
        pack.update(visit_id=visit["id"], shown=True)
        visit["pack"] = {
            "id": pack["id"],
            "items": list(data.items),
            "document": to_plain(data.document),
            "published_at": event.time,
            "withdrawn": False,
        }
        append_activity(visit, event)
    elif event.fact == "withdrawn" and pack["shown"]:
        if visit["pack"]["id"] == pack["id"]:
            visit["pack"] = visit["pack"] | {"withdrawn": True}
        append_activity(visit, event, reason=data.reason)


def pack_items(visit: Doc) -> list[str]:
    """Return the ids of the items that a visit's shown pack shows, in its order."""
    present = set(visit["proofs"])
    return [item for item in dict.fromkeys(visit["pack"]["items"]) if item in present]


def is_shown(visit: Doc) -> bool:
    """Return whether the visit has a pack that is shown; it may hold no items yet."""
    return bool(visit["pack"]) and not visit["pack"]["withdrawn"]
