"""Every error of the customer surface: JSON for the API, a page for people."""

from typing import Any

from litestar import Request, Response
from litestar.datastructures import State

from query_api import problems
from query_api.pages.errors import page_for


def answer(request: Request[Any, Any, State], error: Exception) -> Response[Any]:
    """The answer to an error, in the form of what was asked for."""
    segments = [segment for segment in request.scope["path"].split("/") if segment]
    if segments[:1] == ["-"] or segments[1:2] == ["api"]:
        return problems.answer(request, error)
    return page_for(request, error)
