"""`/{slug}/media/visits/{id}/proof.pdf` and `.zip`, `…/invoices/{id}.pdf`, `…/payments/{id}.pdf`"""

from litestar import Router, get
from litestar.di import NamedDependency, Provide
from litestar.exceptions import NotFoundException
from litestar.params import FromPath
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import AnyRequest, provide_reading, require_session, session_of
from query_api.files.responses import FileAnswer, FileHeaders, not_modified, stream_response
from query_api.files.visible_files import pack_of
from query_api.pdf import template_renderer
from query_api.pdf.proof_pack_zip import is_complete, stream_zip, tag_of
from query_api.pdf.service import PdfDocument, pdf_context
from query_api.services import services_of
from read_models.queries import QueryContext

PDF, ZIP = ".pdf", "application/zip"


@get("/visits/{visit_id:str}/proof.pdf", include_in_schema=False)
async def proof_pdf(
    request: AnyRequest, reading: NamedDependency[QueryContext], visit_id: FromPath[str]
) -> FileAnswer:
    """Return the Proof Pack of a visit as PDF."""
    return await printed(request, reading, await template_renderer.proof(reading, visit_id))


@get("/visits/{visit_id:str}/proof.zip", include_in_schema=False)
async def proof_zip(
    request: AnyRequest, reading: NamedDependency[QueryContext], visit_id: FromPath[str]
) -> FileAnswer:
    """Return all files of the Proof Pack of a visit, with a manifest."""
    files = services_of(request).files
    pack = await pack_of(reading, visit_id)
    if files is None or pack is None:
        raise NotFoundException
    served = FileHeaders(ZIP, f"proof-{visit_id}.zip", inline=False)
    headers = served.headers(tag_of(pack))
    known = not_modified(request, headers)
    if known and await is_complete(files, reading.scope, pack):
        return known
    return stream_response(request, stream_zip(files, reading.scope, pack), headers, served)


@get("/invoices/{name:str}", include_in_schema=False)
async def invoice_pdf(
    request: AnyRequest, reading: NamedDependency[QueryContext], name: FromPath[str]
) -> FileAnswer:
    """Return an invoice as PDF."""
    return await printed(request, reading, await template_renderer.invoice(reading, named(name)))


@get("/payments/{name:str}", include_in_schema=False)
async def payment_pdf(
    request: AnyRequest, reading: NamedDependency[QueryContext], name: FromPath[str]
) -> FileAnswer:
    """Return a payment as PDF: its receipt."""
    return await printed(request, reading, await template_renderer.payment(reading, named(name)))


def named(name: str) -> str:
    """Return the id in the name of a PDF; raises NotFoundException."""
    if not name.endswith(PDF):
        raise NotFoundException
    return name.removesuffix(PDF)


async def printed(request: AnyRequest, reading: QueryContext, paper: PdfDocument | None) -> FileAnswer:
    """Return a paper as PDF; raises NotFoundException where there is none, or files are off."""
    papers = services_of(request).pdfs
    if paper is None or papers is None:
        raise NotFoundException
    head = await pdf_context(request, session_of(request), reading.business)
    return await papers.answer(request, head, paper)


ROUTES: list[ControllerRouterHandler] = [
    Router(
        path="/{slug:str}/media",
        route_handlers=[proof_pdf, proof_zip, invoice_pdf, payment_pdf],
        guards=[require_session],
        dependencies={"reading": Provide(provide_reading, sync_to_thread=False)},
    )
]
