"""`/{slug}/media/visits/…` and `/{slug}/media/contracts/…`"""

from litestar import Response, Router, get
from litestar.di import NamedDependency, Provide
from litestar.params import FromPath, FromQuery
from litestar.response import Stream
from litestar.types import ControllerRouterHandler

from query_api.api.dependencies import AnyRequest, provide_reading, require_session
from query_api.files import visible_files
from query_api.files.responses import file_response
from query_api.files.variants import Size
from read_models.queries import QueryContext

File = Response[bytes] | Stream


@get("/visits/{visit_id:str}/proofs/{proof_id:str}", include_in_schema=False)
async def proof(
    request: AnyRequest,
    reading: NamedDependency[QueryContext],
    visit_id: FromPath[str],
    proof_id: FromPath[str],
    size: FromQuery[Size | None] = None,
) -> File:
    """Return the file of an item of a visit's Proof Pack."""
    return await file_response(
        request, reading.scope, await visible_files.proof(reading, visit_id, proof_id), size
    )


@get("/visits/{visit_id:str}/document", include_in_schema=False)
async def document(
    request: AnyRequest,
    reading: NamedDependency[QueryContext],
    visit_id: FromPath[str],
    size: FromQuery[Size | None] = None,
) -> File:
    """Return the document of a visit's Proof Pack."""
    return await file_response(request, reading.scope, await visible_files.document(reading, visit_id), size)


@get("/visits/{visit_id:str}/technician", include_in_schema=False)
async def technician(
    request: AnyRequest,
    reading: NamedDependency[QueryContext],
    visit_id: FromPath[str],
    size: FromQuery[Size | None] = None,
) -> File:
    """Return the photo of a visit's technician."""
    return await file_response(
        request, reading.scope, await visible_files.technician(reading, visit_id), size
    )


@get("/contracts/{contract_id:str}/terms", include_in_schema=False)
async def terms(
    request: AnyRequest,
    reading: NamedDependency[QueryContext],
    contract_id: FromPath[str],
    size: FromQuery[Size | None] = None,
) -> File:
    """Return the terms of a contract."""
    return await file_response(request, reading.scope, await visible_files.terms(reading, contract_id), size)


ROUTES: list[ControllerRouterHandler] = [
    Router(
        path="/{slug:str}/media",
        route_handlers=[proof, document, technician, terms],
        guards=[require_session],
        dependencies={"reading": Provide(provide_reading, sync_to_thread=False)},
    )
]
