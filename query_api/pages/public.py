"""What the pages of a business show to everybody: its logo."""

from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.params import FromPath

from query_api.pages.context import PageRequest
from query_api.pages.logo import Logos
from read_models.reads import Reads
from web.assets import KEPT

FOR_A_WHILE = "public, max-age=300"


@get("/{slug:str}/media/logo", include_in_schema=False)
async def logo(request: PageRequest, slug: FromPath[str]) -> Response[bytes]:
    """The logo; under the address that names its hash it may be kept for ever."""
    reads: Reads = request.app.state.reads
    logos: Logos = request.app.state.logos
    business = await reads.business(slug)
    found = await logos.of(business) if business else None
    if found is None:
        raise NotFoundException
    named = request.query_params.get("v") == found.sha256[:12]
    headers = {"Cache-Control": KEPT if named else FOR_A_WHILE, "ETag": f'"{found.sha256}"'}
    return Response(found.content, media_type=found.content_type, headers=headers)
