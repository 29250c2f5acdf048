"""Files a customer may see: those that the pages of the same records link to (`read_models.queries`)."""

from typing import NamedTuple

from read_models import proof as proofs
from read_models.documents import Doc
from read_models.queries import QueryContext


class VisibleFile(NamedTuple):
    """A file that the customer may see."""

    subject: str
    """The path of its address below `media/`: what operators know it by."""
    media: Doc
    """As the event named it."""

    @property
    def name(self) -> str:
        """Name of the saved file without extension; ids are letters, digits, `_` and `-`."""
        return self.subject.replace("/", "-")


class VisiblePack(NamedTuple):
    """The shown pack of a visit."""

    visit: Doc
    items: list[tuple[Doc, VisibleFile | None]]
    """Those that are shown, in the pack's order, with their files; None of notes."""
    document: VisibleFile | None


async def pack_of(reading: QueryContext, visit_id: str) -> VisiblePack | None:
    """Return the shown pack of a visit, None where there is none."""
    visit = await reading.document("visit", visit_id)
    if visit is None or not proofs.is_shown(visit):
        return None
    named = [("proof", proof_id) for proof_id in proofs.pack_items(visit)]
    found = await reading.documents(named)
    items = [
        (found[name], _shown(f"visits/{visit_id}/proofs/{name[1]}", found[name]["media"]))
        for name in named
        if name in found
    ]
    return VisiblePack(visit, items, _shown(f"visits/{visit_id}/document", visit["pack"]["document"]))


async def proof(reading: QueryContext, visit_id: str, proof_id: str) -> VisibleFile | None:
    """Return the file of an item of a visit's shown pack."""
    found = await reading.documents([("visit", visit_id), ("proof", proof_id)])
    visit, item = found.get(("visit", visit_id)), found.get(("proof", proof_id))
    if visit is None or item is None or not proofs.is_shown(visit):
        return None
    return _shown(
        f"visits/{visit_id}/proofs/{proof_id}",
        item["media"] if proof_id in proofs.pack_items(visit) else None,
    )


async def document(reading: QueryContext, visit_id: str) -> VisibleFile | None:
    """Return the document of a visit's shown pack."""
    visit = await reading.document("visit", visit_id)
    if visit is None or not proofs.is_shown(visit):
        return None
    return _shown(f"visits/{visit_id}/document", visit["pack"]["document"])


async def technician(reading: QueryContext, visit_id: str) -> VisibleFile | None:
    """Return the photo of the technician of a visit."""
    visit = await reading.document("visit", visit_id)
    named = (visit and visit["technician"]) or {}
    return _shown(f"visits/{visit_id}/technician", named.get("photo"))


async def terms(reading: QueryContext, contract_id: str) -> VisibleFile | None:
    """Return the terms of a contract."""
    contract = await reading.document("contract", contract_id)
    return _shown(f"contracts/{contract_id}/terms", contract["terms"]) if contract else None


def _shown(subject: str, media: Doc | None) -> VisibleFile | None:
    return VisibleFile(subject, media) if media else None
