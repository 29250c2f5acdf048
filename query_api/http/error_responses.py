"""Every error of the customer surface: JSON for the API, a page for people."""

from typing import Any
from urllib.parse import urlencode

from litestar import Response
from litestar.response import Redirect
from litestar.status_codes import HTTP_302_FOUND

from query_api.http.paths import is_api_path
from query_api.http.problem_mapping import to_problem
from query_api.http.tenant_middleware import RedirectToPortal
from query_api.pages.errors import page_for
from query_api.pages.request_context import redirect_see_other
from query_api.pages.signed_in import SignInRequired
from query_api.sign_in.errors import TooManyAttempts
from web import problems
from web.pipeline import AnyRequest


async def answer(request: AnyRequest, error: Exception) -> Response[Any]:
    """Return the answer to an error, in the form of what was asked for."""
    if isinstance(error, RedirectToPortal):
        return Redirect(error.path, status_code=HTTP_302_FOUND)
    if isinstance(error, SignInRequired):
        home = error.path.rstrip("/") == error.root.rstrip("/")
        back = "" if home else f"?{urlencode({'next': error.path})}"
        return redirect_see_other(f"{error.root}sign-in{back}")
    problem = to_problem(error)
    problems.log_error(request, problem.status, error)
    if is_api_path(request.scope["path"]):
        return problems.response(problem)
    retry_after = error.retry_after if isinstance(error, TooManyAttempts) else None
    page = await page_for(request, problem.status, retry_after=retry_after)
    page.headers.update(problem.headers)
    return page
