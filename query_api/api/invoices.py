"""`/{slug}/api/invoices…` and `/{slug}/api/payments`"""

from typing import Annotated, Literal

from litestar import get
from litestar.di import NamedDependency
from litestar.params import FromPath, QueryParameter
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import PART, json_or_404, response_specs
from query_api.api.schemas.details import InvoiceDetail
from query_api.api.schemas.lists import Invoices, Payments
from query_api.http.prebuilt_response import PrebuiltJson
from read_models import queries
from read_models.queries import PageQuery, QueryContext


@get(
    "/invoices",
    operation_id="listInvoices",
    tags=["invoices"],
    dependencies=PART,
    responses=response_specs(Invoices),
    filters=("status",),
)
async def invoices(
    reading: NamedDependency[QueryContext],
    part: NamedDependency[PageQuery],
    status: Annotated[
        list[Literal["open", "paid", "void"]] | None, QueryParameter(description="Any of these.")
    ] = None,
) -> PrebuiltJson:
    """Invoices, the latest first."""
    return json_or_404(await queries.invoices(reading, part, status or ()))


@get(
    "/invoices/{invoice_id:str}",
    operation_id="getInvoice",
    tags=["invoices"],
    responses=response_specs(InvoiceDetail),
)
async def invoice(reading: NamedDependency[QueryContext], invoice_id: FromPath[str]) -> PrebuiltJson:
    """Return one invoice, with its lines, credits, payments and visits."""
    return json_or_404(await queries.invoice(reading, invoice_id))


@get(
    "/payments",
    operation_id="listPayments",
    tags=["invoices"],
    dependencies=PART,
    responses=response_specs(Payments),
)
async def payments(reading: NamedDependency[QueryContext], part: NamedDependency[PageQuery]) -> PrebuiltJson:
    """Return the payment history, latest first."""
    return json_or_404(await queries.payments(reading, part))


ROUTES: list[ControllerRouterHandler] = [invoices, invoice, payments]
