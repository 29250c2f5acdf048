"""Contents of each PDF document."""

from query_api.files.visible_files import VisibleFile, pack_of
from query_api.pdf.service import PdfDocument
from read_models import queries
from read_models.documents import Doc
from read_models.queries import QueryContext
from read_models.queries.file_links import is_image


async def invoice(reading: QueryContext, invoice_id: str) -> PdfDocument | None:
    """Return an invoice; None where the customer has no such one."""
    found = await queries.invoice(reading, invoice_id)
    return PdfDocument(f"invoice-{invoice_id}", "invoice.html", {"invoice": found}) if found else None


async def payment(reading: QueryContext, payment_id: str) -> PdfDocument | None:
    """Return a payment: a receipt, or that it failed; None where the customer has no such one."""
    found = await queries.payment(reading, payment_id)
    return PdfDocument(f"payment-{payment_id}", "payment.html", {"payment": found}) if found else None


async def proof(reading: QueryContext, visit_id: str) -> PdfDocument | None:
    """Return the Proof Pack of a visit; None where there is none that is shown."""
    pack, visit = await pack_of(reading, visit_id), await queries.visit(reading, visit_id)
    if pack is None or visit is None:
        return None
    values = {
        "visit": visit,
        "before": staged(pack.items, "before"),
        "after": staged(pack.items, "after"),
        "others": staged(pack.items, None),
        "document": pack.visit["pack"]["document"],
        "published_at": pack.visit["pack"]["published_at"],
    }
    pictures = {
        item["id"]: shown
        for item, shown in pack.items
        if shown is not None and is_image(shown.media["content_type"])
    }
    return PdfDocument(f"proof-{visit_id}", "proof.html", values, pictures)


def staged(items: list[tuple[Doc, VisibleFile | None]], stage: str | None) -> list[Doc]:
    """Return the items of a stage of the work, in the pack's order."""
    return [
        item | {"picture": item["media"] is not None and is_image(item["media"]["content_type"])}
        for item, _ in items
        if item["stage"] == stage
    ]
