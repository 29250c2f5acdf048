"""`GET /{slug}/api/portal`"""

import orjson
from litestar import Response, get
from litestar.datastructures import State
from litestar.di import NamedDependency
from litestar.enums import MediaType
from litestar.exceptions import NotAuthorizedException
from litestar.openapi import ResponseSpec

from query_api.customer.shapes import Dashboard
from query_api.sign_in.sessions import Session
from read_models.documents import Doc


@get(
    "/{slug:str}/api/portal",
    operation_id="getPortal",
    tags=["portal"],
    responses={200: ResponseSpec(Dashboard, generate_examples=False)},
)
async def dashboard(
    business: NamedDependency[Doc], session: NamedDependency[Session], state: State
) -> Response[bytes]:
    """The dashboard of whoever is signed in."""
    found = await state.reads.dashboard(session.scope, business)
    if found is None:
        # Erased since the session was looked at, a moment ago.
        raise NotAuthorizedException("Nobody is signed in.")
    return Response(orjson.dumps(found), media_type=MediaType.JSON)
