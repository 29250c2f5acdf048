"""`GET /{slug}/api/portal`"""

import orjson
from litestar import Response, get
from litestar.enums import MediaType
from litestar.openapi import ResponseSpec

from query_api.customer.access import AnyRequest, business_of, signed_in
from query_api.customer.shapes import Dashboard
from read_models.reads import Reads


@get(
    "/{slug:str}/api/portal",
    operation_id="getPortal",
    tags=["portal"],
    responses={200: ResponseSpec(Dashboard, generate_examples=False)},
)
async def dashboard(request: AnyRequest) -> Response[bytes]:
    """The dashboard of whoever is signed in."""
    session = await signed_in(request)
    reads: Reads = request.app.state.reads
    found = await reads.dashboard(session.known, business_of(request))
    return Response(orjson.dumps(found), media_type=MediaType.JSON)
