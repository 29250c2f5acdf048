"""Every page of the customer surface, for `create_app` to register."""

from litestar.types import ControllerRouterHandler

from web import assets

ROUTES: list[ControllerRouterHandler] = [*assets.ROUTES]
"""The page handlers. They lie outside `/{slug}/api/` and appear in no OpenAPI document."""
