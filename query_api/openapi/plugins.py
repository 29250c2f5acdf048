"""The description as it is asked for: as JSON, and as a page that needs neither scripts nor anybody else's server."""

from pathlib import Path
from typing import Any

from litestar import Request
from litestar.openapi.plugins import JsonRenderPlugin, OpenAPIRenderPlugin

from query_api.openapi.customize import described
from web.assets import brand_url
from web.languages import SOURCE, load
from web.templating import LOCALE, TemplateRenderer

PAGES = TemplateRenderer(Path(__file__).parent / "templates", load(LOCALE))


class CachedJsonPlugin(JsonRenderPlugin):
    """The description as JSON; it is made once."""

    _made: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the bytes of the JSON."""
        if self._made is None:
            self._made = super().render(request, described(openapi_schema))
        return self._made


class ReferencePage(OpenAPIRenderPlugin):
    """The description as a page; it is made once: everybody may ask for it, and it takes long."""

    _made: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        """Return the bytes of the page."""
        if self._made is None:
            self._made = self._page(openapi_schema)
        return self._made

    def _page(self, openapi_schema: dict[str, Any]) -> bytes:
        values = {
            "api": described(openapi_schema),
            "json": "/-/openapi/openapi.json",
            "brand_url": brand_url(None),
            "language": SOURCE,
            "kind": kind,
        }
        return PAGES.render("reference.html", SOURCE, values).encode()


def kind(shape: dict[str, Any]) -> str:
    """Return a schema in a few words: the name of another, a type, what it may be."""
    if "$ref" in shape:
        return str(shape["$ref"]).rpartition("/")[2]
    if choices := shape.get("oneOf") or shape.get("anyOf"):
        return " or ".join(kind(choice) for choice in choices)
    if values := shape.get("enum"):
        return " | ".join(map(str, values))
    if "const" in shape:
        return str(shape["const"])
    types = shape.get("type", "any")
    words = types if isinstance(types, str) else " or ".join(types)
    return f"list of {kind(shape['items'])}" if words == "array" and "items" in shape else words
