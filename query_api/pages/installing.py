"""What browsers ask for to put a portal on the home screen: its name, colour and icon (W3C, Application Manifest)."""

import asyncio
from typing import Any

import orjson
from litestar import Response, get
from litestar.types import ControllerRouterHandler

from query_api.media import pictures
from query_api.pages.context import PageRequest
from query_api.pages.logo import Logos
from query_api.pages.render import initials
from query_api.tenancy import BUSINESS
from read_models.documents import Doc
from web.colours import palette, parse

FOR_A_WHILE = "public, max-age=3600"

SIDE = 512
"""Pixels of the icon."""


@get("/{slug:str}/manifest.webmanifest", include_in_schema=False)
async def manifest(request: PageRequest) -> Response[bytes]:
    """How the portal is called and looks once it is installed."""
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
    return public(orjson.dumps(content), "application/manifest+json")


@get("/{slug:str}/icon.png", include_in_schema=False)
async def icon(request: PageRequest) -> Response[bytes]:
    """An icon made of the business's logo, else of its initials on its colour."""
    business: Doc = request.state[BUSINESS]
    logos: Logos = request.app.state.logos
    found = await logos.of(business)
    if found:
        content = await asyncio.to_thread(pictures.icon, found.content, SIDE)
    else:
        colours = palette(business["branding"]["primary_color"])
        ground, ink = parse(colours.brand), parse(colours.on_brand)
        content = await asyncio.to_thread(pictures.letters, initials(business["name"]), SIDE, ground, ink)
    return public(content, "image/png")


def public(content: bytes, media_type: str) -> Response[bytes]:
    """What belongs to nobody, and may be an hour old."""
    return Response(content, media_type=media_type, headers={"Cache-Control": FOR_A_WHILE})


ROUTES: list[ControllerRouterHandler] = [manifest, icon]
