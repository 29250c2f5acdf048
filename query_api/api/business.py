"""`GET /{slug}/api/business`"""

from litestar import get

from query_api.api.dependencies import AnyRequest, business_of
from query_api.api.schemas.common import Business


@get("/{slug:str}/api/business", operation_id="getBusiness", tags=["business"])
async def business_profile(request: AnyRequest) -> Business:
    """Return whose portal it is, and how it looks; no session needed."""
    business = business_of(request)
    branding, support = business["branding"], business["support"]
    return {
        "name": business["name"],
        "slug": business["slug"],
        "tagline": branding["tagline"],
        "logo_url": f"/{business['slug']}/media/logo" if branding["logo"] else None,
        "primary_color": branding["primary_color"],
        "support": {"email": support["email"], "phone": support["phone"]},
    }
