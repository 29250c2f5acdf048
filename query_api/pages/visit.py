"""One visit: how it went, its Proof Pack, each of its photos, and a photo before beside the one after."""

from typing import Any

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from query_api.pages.presenters.invoice_state import listed
from query_api.pages.presenters.proof_gallery import Item, album, punctuality, shown
from query_api.pages.signed_in import SignedInPage, found_or_404
from read_models import queries


@get("/{slug:str}/visits/{visit_id:str}", include_in_schema=False)
async def visit(visitor: NamedDependency[SignedInPage], visit_id: FromPath[str]) -> Response[Any]:
    """Return a visit or appointment, with all that belongs to it."""
    scored = await queries.visit_with_grace(visitor.reading, visit_id)
    if scored is None:
        raise NotFoundException
    found = scored.visit
    return visitor.render(
        "visit.html",
        visit=found,
        punctuality=punctuality(*scored),
        album=album(found["proof"]["items"]) if found["proof"] else None,
        states=[listed(invoice) for invoice in found["invoices"]],
    )


@get("/{slug:str}/visits/{visit_id:str}/proof", include_in_schema=False)
async def proof(visitor: NamedDependency[SignedInPage], visit_id: FromPath[str]) -> Response[Any]:
    """Return the Proof Pack by itself, to look through, print and take along."""
    found = found_or_404(await queries.visit(visitor.reading, visit_id))
    pack = found_or_404(found["proof"])
    return visitor.render("proof.html", visit=found, pack=pack, album=album(pack["items"]))


@get("/{slug:str}/visits/{visit_id:str}/proof/{proof_id:str}", include_in_schema=False)
async def photo(
    visitor: NamedDependency[SignedInPage], visit_id: FromPath[str], proof_id: FromPath[str]
) -> Response[Any]:
    """Return a photo or signature, with the ways to the one before and the one after it."""
    found = found_or_404(await queries.visit(visitor.reading, visit_id))
    pictures = shown(album(found_or_404(found["proof"])["items"]))
    place = next((number for number, one in enumerate(pictures) if one["id"] == proof_id), None)
    if place is None:
        raise NotFoundException
    return visitor.render(
        "photo.html",
        visit=found,
        photo=pictures[place],
        number=place + 1,
        count=len(pictures),
        previous=pictures[place - 1]["id"] if place else None,
        following=pictures[place + 1]["id"] if place + 1 < len(pictures) else None,
    )


@get("/{slug:str}/visits/{visit_id:str}/compare/{before_id:str}/{after_id:str}", include_in_schema=False)
async def compare(
    visitor: NamedDependency[SignedInPage],
    visit_id: FromPath[str],
    before_id: FromPath[str],
    after_id: FromPath[str],
) -> Response[Any]:
    """Return a photo before and the one after."""
    found = found_or_404(await queries.visit(visitor.reading, visit_id))
    pictures = {item["id"]: item for item in shown(album(found_or_404(found["proof"])["items"]))}
    before, after = (_of(pictures, name) for name in (before_id, after_id))
    return visitor.render("compare.html", visit=found, before=before, after=after)


def _of(pictures: dict[str, Item], name: str) -> Item:
    if name not in pictures:
        raise NotFoundException
    return pictures[name]


ROUTES: list[ControllerRouterHandler] = [visit, proof, photo, compare]
