"""An application whose answers go through some of the steps that complete answers."""

from typing import Any, cast

import httpx
from litestar import Response

from web.pipeline import AnyRequest, ResponsePipeline, ResponseStep


async def raised(_request: AnyRequest, error: Exception) -> Response[Any]:
    raise error


def through(app: Any, *steps: ResponseStep) -> httpx.ASGITransport:
    """The way to it; what it raises is raised."""
    return httpx.ASGITransport(cast("Any", ResponsePipeline(app, raised, steps=steps)))
