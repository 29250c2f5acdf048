"""`/{slug}/api/export`"""

from dataclasses import dataclass
from typing import Annotated, Literal

from litestar import Response, get
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.openapi.spec import OpenAPIMediaType, OpenAPIResponse, Operation, Schema
from litestar.openapi.spec.enums import OpenAPIType
from litestar.params import QueryParameter
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import AnyRequest, response_specs, session_of
from query_api.export.csv_export import statement
from query_api.export.json_export import whole
from query_api.export.schemas import Export
from query_api.services import services_of
from read_models.queries import QueryContext

CSV = "text/csv"


@dataclass
class ExportOperation(Operation):
    """The export's description: what it answers may be CSV as well."""

    def __post_init__(self) -> None:
        found = (self.responses or {}).get("200")
        if isinstance(found, OpenAPIResponse) and found.content is not None:
            found.content[CSV] = OpenAPIMediaType(schema=Schema(type=OpenAPIType.STRING))


@get(
    "/export",
    operation_id="getExport",
    tags=["export"],
    responses=response_specs(Export),
    operation_class=ExportOperation,
)
async def export(
    request: AnyRequest,
    reading: NamedDependency[QueryContext],
    format: Annotated[  # noqa: A002 -- its name in docs/contracts/api.md
        Literal["json", "csv"], QueryParameter(description="All as JSON, or invoices and payments as CSV.")
    ] = "json",
) -> Response[bytes]:
    """Return all that the portal holds of the customer, as JSON; or the invoices and payments, as a table in CSV."""
    slug = reading.business["slug"]
    if format == "csv":
        # RFC 4180; the mark at its beginning is how spreadsheets know that it is UTF-8.
        content = (await statement(reading)).encode("utf-8-sig")
        return download(content, CSV, f"{slug}-invoices-and-payments.csv")
    session = session_of(request)
    sessions = services_of(request).sessions
    content = await whole(reading, session, await sessions.devices(session))
    return download(content, MediaType.JSON, f"{slug}-export.json")


def download(content: bytes, media_type: str, name: str) -> Response[bytes]:
    """Return a file to be saved under a name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response(content, media_type=media_type, headers=headers)


ROUTES: list[ControllerRouterHandler] = [export]
