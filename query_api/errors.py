"""Every error of the customer surface: JSON for the API, a page for people."""

from typing import Any, NoReturn

from litestar import Request, Response
from litestar.datastructures import State
from litestar.enums import ScopeType
from litestar.types import ASGIApp, Message, Receive, Scope, Send

from query_api import problems
from query_api.pages.errors import page_for
from query_api.paths import is_for_programs
from query_api.sign_in.errors import Limited


def pass_on(_request: Request[Any, Any, Any], error: Exception) -> NoReturn:
    """Litestar's exception handler: it may not wait, and pages have to; `Answered` may."""
    raise error


class Answered:
    """ASGI middleware: whatever is raised behind it is answered."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Passes the request on; where that fails before anything was answered, answers the error."""
        started = False

        async def watched(message: Message) -> None:
            nonlocal started
            started = True
            await send(message)

        try:
            await self._app(scope, receive, watched)
        except Exception as error:
            if started or scope["type"] != ScopeType.HTTP:
                raise
            request: Request[Any, Any, State] = Request(scope, receive, send)
            response = await answer(request, error)
            await response.to_asgi_response(None, request)(scope, receive, send)


async def answer(request: Request[Any, Any, State], error: Exception) -> Response[Any]:
    """The answer to an error, in the form of what was asked for."""
    problem = problems.problem_of(error)
    problems.note(request, problem.status, error)
    if is_for_programs(request.scope["path"]):
        return problems.response(problem)
    retry_after = error.retry_after if isinstance(error, Limited) else None
    page = await page_for(request, problem.status, retry_after=retry_after)
    page.headers.update(problem.headers)
    return page
