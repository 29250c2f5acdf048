"""Whoever is signed in and looks at a page: what may be read for them, and what their pages are made with."""

import re
from typing import Any, Final, NamedTuple
from urllib.parse import urlencode

from litestar import Response
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException

from query_api.activity_text import ActivityText
from query_api.api.dependencies import query_context
from query_api.pages.render import PAGES, formats_for, render
from query_api.pages.request_context import PageContext, PageRequest
from query_api.sign_in.sessions import Session
from read_models.documents import Doc
from read_models.queries import PageQuery, QueryContext

PAGE_SIZE = 25
"""Items of a list on one page."""

_WITH_FORMS: Final = re.compile(r"(account|invoices/[^/]+)/")
"""The pages whose forms are sent to addresses below their own."""


class SignInRequired(Exception):
    """Nobody is signed in: the page leads to the sign-in, which comes back to `path`."""

    def __init__(self, root: str, path: str) -> None:
        super().__init__("nobody is signed in")
        self.root = root
        self.path = path


class SignedInPage(NamedTuple):
    """A signed-in request for a page."""

    page: PageContext
    session: Session
    reading: QueryContext

    @property
    def root(self) -> str:
        """Prefix of all paths of the portal."""
        return self.page.root

    @property
    def words(self) -> ActivityText:
        """Activity texts in the viewer's language."""
        formats = formats_for(self.page.business, self.page.reader)
        return ActivityText(formats, self.page.business["name"], PAGES.gettext(formats.locale.language))

    def render(self, template: str, **values: Any) -> Response[str]:
        """Return a page in the reader's language."""
        return render(template, self.page.portal, self.page.reader, values)


async def provide_visitor(page: NamedDependency[PageContext], request: PageRequest) -> SignedInPage:
    """Return who is signed in; raises SignInRequired when nobody is."""
    if page.session is None:
        raise SignInRequired(page.root, _return_path(page, request))
    return SignedInPage(page, page.session, query_context(request, page.session.scope))


def _return_path(page: PageContext, request: PageRequest) -> str:
    """Return what is asked for; where that is a change, the page whose form it was, as addresses of forms have no
    page."""
    path = request.url.path
    if request.method == "GET":
        return f"{path}?{request.url.query}" if request.url.query else path
    found = _WITH_FORMS.match(path.removeprefix(page.root))
    return page.root + found[1] if found else page.root


def page_query(request: PageRequest) -> PageQuery:
    """Return the part of a list that a page shows; raises InvalidCursor."""
    return PageQuery.from_cursor(request.query_params.get("cursor"), PAGE_SIZE)


def pagination_links(request: PageRequest, found: Doc) -> dict[str, str | None]:
    """Return where a list goes on, and back to its beginning: addresses for `parts.paging`, None where there is
    none."""
    path, kept = request.url.path, [one for one in request.query_params.multi_items() if one[0] != "cursor"]
    first = f"{path}?{urlencode(kept)}" if kept else path
    more = f"{path}?{urlencode([*kept, ('cursor', found['next'])])}" if found["next"] else None
    return {"more": more, "first": first if "cursor" in request.query_params else None}


def found_or_404(found: Doc | None) -> Doc:
    """Return what was found; raises NotFoundException where there is nothing."""
    if found is None:
        raise NotFoundException
    return found
