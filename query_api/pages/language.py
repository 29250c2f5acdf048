"""The language that a person chose for the pages in one browser."""

from collections.abc import Mapping
from datetime import timedelta
from typing import Any

from babel import Locale
from litestar import Request
from litestar.datastructures import Cookie

from query_api.pages.render import PAGES
from read_models.documents import Doc
from web.cookies import host_cookie

KEPT_FOR = timedelta(days=365)

LANGUAGES: Mapping[str, str] = {
    language: str(Locale.parse(language).get_display_name(language)).capitalize()
    for language in sorted(PAGES.languages)
}
"""What each language that there are texts of calls itself, by its code."""


def language_cookie(business: Doc, language: str | None) -> Cookie:
    """Return the cookie that keeps a choice; None takes it back."""
    return host_cookie(_name(business), language or "", KEPT_FOR if language else timedelta())


def language_of(request: Request[Any, Any, Any], business: Doc) -> str | None:
    """Return the language that was chosen in the browser of a request."""
    chosen = request.cookies.get(_name(business))
    return chosen if chosen in LANGUAGES else None


def _name(business: Doc) -> str:
    return f"__Host-language-{business['slug']}"
