"""What browsers ask for to put a portal on the home screen: its name, colour and icon (W3C, Application Manifest)."""

import asyncio
from typing import Any

import orjson
from litestar import Response, get
from litestar.exceptions import NotFoundException
from litestar.types import ControllerRouterHandler

from query_api.media import pictures
from query_api.pages.context import PageRequest
from query_api.pages.logo import Logos
from query_api.pages.render import PAGES, initials
from query_api.tenancy import BUSINESS
from read_models.documents import Doc
from web.colours import palette
from web.languages import SOURCE

FOR_A_WHILE = "public, max-age=3600"

SIDE = 512
"""Pixels of the icon made of a logo."""


@get("/{slug:str}/manifest.webmanifest", include_in_schema=False)
async def manifest(request: PageRequest) -> Response[bytes]:
    """How the portal is called and looks once it is installed."""
    business: Doc = request.state[BUSINESS]
    logos: Logos = request.app.state.logos
    root, colours = f"/{business['slug']}/", palette(business["branding"]["primary_color"])
    icons = [{"src": f"{root}icon.svg", "sizes": "any", "type": "image/svg+xml", "purpose": "any maskable"}]
    if await logos.of(business):
        icons.insert(0, {"src": f"{root}icon.png", "sizes": f"{SIDE}x{SIDE}", "type": "image/png"})
    content: dict[str, Any] = {
        "name": business["name"],
        "short_name": business["name"][:30],
        "id": root,
        "start_url": root,
        "scope": root,
        "display": "standalone",
        "theme_color": colours.brand,
        "background_color": "#f5f4f0",
        "icons": icons,
    }
    return public(orjson.dumps(content), "application/manifest+json")


@get("/{slug:str}/icon.svg", include_in_schema=False)
async def letters(request: PageRequest) -> Response[bytes]:
    """An icon made of the business's initials, on its colour."""
    business: Doc = request.state[BUSINESS]
    values = {
        "initials": initials(business["name"]),
        "colours": palette(business["branding"]["primary_color"]),
    }
    return public(PAGES.render("icon.svg", SOURCE, values).encode(), "image/svg+xml")


@get("/{slug:str}/icon.png", include_in_schema=False)
async def icon(request: PageRequest) -> Response[bytes]:
    """An icon made of the business's logo; 404 where it has none."""
    logos: Logos = request.app.state.logos
    found = await logos.of(request.state[BUSINESS])
    if found is None:
        raise NotFoundException
    return public(await asyncio.to_thread(pictures.icon, found.content, SIDE), "image/png")


def public(content: bytes, media_type: str) -> Response[bytes]:
    """What belongs to nobody, and may be an hour old."""
    return Response(content, media_type=media_type, headers={"Cache-Control": FOR_A_WHILE})


ROUTES: list[ControllerRouterHandler] = [manifest, letters, icon]
