"""Every page of the customer surface, for `create_app` to register."""

from litestar.types import ControllerRouterHandler

ROUTES: list[ControllerRouterHandler] = []
"""The page handlers. They lie outside `/{slug}/api/` and appear in no OpenAPI document."""
