"""Web App Manifest: name, colour and icon of a portal on the home screen (W3C, Application Manifest)."""

import asyncio
from typing import Any

import orjson
from litestar import Response, get
from litestar.types import ControllerRouterHandler

from query_api.files import images
from query_api.files.responses import not_modified
from query_api.http.etag import tag_of
from query_api.http.tenant_middleware import BUSINESS
from query_api.pages.render import initials
from query_api.pages.request_context import PageRequest
from query_api.services import services_of
from read_models.documents import Doc
from web.colours import palette, parse

SIDE = 512
"""Pixels of the icon."""


@get("/{slug:str}/manifest.webmanifest", include_in_schema=False)
async def manifest(request: PageRequest) -> Response[bytes]:
    """Return how the portal is called and looks once it is installed."""
    business: Doc = request.state[BUSINESS]
    root, colours = f"/{business['slug']}/", palette(business["branding"]["primary_color"])
    content: dict[str, Any] = {
        "name": business["name"],
        "short_name": business["name"][:30],
        "id": root,
        "start_url": root,
        "scope": root,
        "display": "standalone",
        "theme_color": colours.brand,
        "background_color": "#f5f4f0",
        "icons": [{"src": f"{root}icon.png", "sizes": f"{SIDE}x{SIDE}", "type": "image/png"}],
    }
    return Response(orjson.dumps(content), media_type="application/manifest+json")


@get("/{slug:str}/icon.png", include_in_schema=False)
async def icon(request: PageRequest) -> Response[bytes]:
    """Return an icon made of the business's logo, else of its initials on its colour."""
    business: Doc = request.state[BUSINESS]
    logos = services_of(request).logos
    found = await logos.of(business)
    letters = initials(business["name"])
    colours = palette(business["branding"]["primary_color"])
    ground, ink = parse(colours.brand), parse(colours.on_brand)
    # Of what it is made of: every page asks for it, and mostly has it.
    headers = {"ETag": tag_of(repr(found.sha256 if found else (letters, ground, ink)).encode())}
    if known := not_modified(request, headers):
        return known
    if found:
        content = await asyncio.to_thread(images.icon, found.content, SIDE)
    else:
        content = await asyncio.to_thread(images.letters, letters, SIDE, ground, ink)
    return Response(content, media_type="image/png", headers=headers)


ROUTES: list[ControllerRouterHandler] = [manifest, icon]
