"""`GET /{slug}/api/business`"""

from litestar import get
from litestar.di import NamedDependency

from query_api.customer.shapes import Business
from read_models.documents import Doc


@get("/{slug:str}/api/business", operation_id="getBusiness", tags=["business"])
async def business_profile(business: NamedDependency[Doc]) -> Business:
    """Whose portal it is, and how it looks; no session needed."""
    branding, support = business["branding"], business["support"]
    return {
        "name": business["name"],
        "slug": business["slug"],
        "tagline": branding["tagline"],
        "logo_url": f"/{business['slug']}/media/logo" if branding["logo"] else None,
        "primary_color": branding["primary_color"],
        "support": {"email": support["email"], "phone": support["phone"]},
    }
