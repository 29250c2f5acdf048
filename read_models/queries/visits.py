"""Appointments and visits, one with all that belongs to it, and its Proof Pack (docs/contracts/views.md)."""

from collections.abc import Iterable, Mapping, Sequence
from typing import NamedTuple

from read_models import contract as contracts_fold
from read_models import invoice, proof
from read_models import visit as visits_fold
from read_models.customer import with_overdue
from read_models.documents import Doc
from read_models.indexed_lists import LISTS, ListQuery, sort_documents
from read_models.queries.context import Named, QueryContext
from read_models.queries.file_links import file
from read_models.queries.pagination import PageQuery, paginate

WITHHELD = frozenset({"proof_pack.withdrawn"})
"""Events whose reason staff write for staff."""


class VisitWithGrace(NamedTuple):
    """A visit as it is served, and what its page tells how punctual it was by."""

    visit: Doc
    grace: int
    """Minutes after the window within which an arrival still counts as on time: its contract's, else none."""


async def appointments(reading: QueryContext, part: PageQuery) -> Doc:
    """Return all without an outcome, soonest first, each with `awaiting`."""
    wanted = ListQuery("open_visits", reading.own(), part.limit)
    return await paginate(
        reading, wanted, part, lambda found: visits_fold.item(found) | {"awaiting": awaiting(found, reading)}
    )


async def visits(reading: QueryContext, part: PageQuery, statuses: Iterable[str] = ()) -> Doc:
    """Past visits, latest first; those with one of the statuses, where some are named."""
    only = tuple(f"visits/{status}" for status in dict.fromkeys(statuses))
    wanted = ListQuery("past_visits", reading.own(), part.limit, only)
    return await paginate(reading, wanted, part, visits_fold.item)


async def visit(reading: QueryContext, subject: str) -> Doc | None:
    """Return a visit or appointment, with its contract, subscription, invoices and Proof Pack."""
    found = await visit_with_grace(reading, subject)
    return found and found.visit


async def visit_with_grace(reading: QueryContext, subject: str) -> VisitWithGrace | None:
    """Return the same, with its contract's grace."""
    found = await reading.document("visit", subject)
    if found is None:
        return None
    invoiced = [("invoice", _id) for _id in found["invoices"]]
    belonging = [("contract", found["contract_id"]), ("subscription", found["subscription_id"])]
    named = [name for name in belonging if name[1] is not None]
    others = await reading.documents([*named, *invoiced, *pack_item_ids(found)])
    contract, subscription = (others.get(name) for name in belonging)
    invoices = sort_documents([others[name] for name in invoiced if name in others], LISTS["invoices"].order)
    photo = (found["technician"] or {}).get("photo")
    detail = visits_fold.detail(found) | {
        "awaiting": awaiting(found, reading),
        "technician_photo_url": f"{reading.media}/visits/{subject}/technician" if photo else None,
        "timeline": [
            {
                "at": entry["at"],
                "what": entry["what"],
                "note": None if entry["what"] in WITHHELD else entry.get("reason"),
            }
            for entry in found["log"]
        ],
        "contract": contract and {"id": contract["id"], "title": contract["title"]},
        "subscription": subscription and {"id": subscription["id"], "plan": subscription["plan"]["name"]},
        "invoices": [with_overdue(invoice.item(one), reading.today) for one in invoices],
        "proof": pack(reading, found, others),
    }
    return VisitWithGrace(detail, contracts_fold.grace(contract) or 0)


async def proof_pack(reading: QueryContext, subject: str) -> Doc | None:
    """Return the Proof Pack of a visit, None when there is none that is shown."""
    found = await reading.document("visit", subject)
    return pack(reading, found, await reading.documents(pack_item_ids(found))) if found else None


def awaiting(visited: Doc, reading: QueryContext) -> bool:
    """Return whether the office has not said what happened: scheduled, and its window has passed."""
    return visited["phase"] == "open" and not visits_fold.upcoming(visited, reading.now)


def pack_item_ids(visited: Doc) -> Sequence[Named]:
    """Return the items of a visit's pack, in the pack's order."""
    return [("proof", _id) for _id in proof.pack_items(visited)] if proof.is_shown(visited) else []


def pack(reading: QueryContext, visited: Doc, others: Mapping[Named, Doc]) -> Doc | None:
    """Return a visit's pack as it is served, with those of its items that are among `others`."""
    if not proof.is_shown(visited):
        return None
    place, shown = f"{reading.media}/visits/{visited['id']}", visited["pack"]
    items = [others[name] for name in pack_item_ids(visited) if name in others]
    return {
        "visit_id": visited["id"],
        "published_at": shown["published_at"],
        "document": file(f"{place}/document", shown["document"]),
        "items": [
            {
                "id": item["id"],
                "kind": item["item_kind"],
                "stage": item["stage"],
                "caption": item["caption"],
                "text": item["text"],
                "captured_at": item["captured_at"],
                "location": item["location"],
                "file": file(f"{place}/proofs/{item['id']}", item["media"]),
            }
            for item in items
        ],
    }


def past_item(visited: Doc) -> Doc:
    """Return a visit among others with and without an outcome: as one with, what it has not being null."""
    return visits_fold.item(visited) | {
        "completed_at": visited["completed_at"],
        "has_proof": visited["has_proof"],
    }
