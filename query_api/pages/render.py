"""Rendering of a portal's pages: whose portal, in which language, as of when."""

import math
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Response
from litestar.enums import MediaType
from litestar.status_codes import HTTP_401_UNAUTHORIZED

from events.types import MINOR_UNIT_DIGITS
from query_api.activity_text import LOCALE as WORDS
from query_api.sign_in.errors import Account
from read_models.documents import Doc, timestamp
from read_models.queries.portal import CustomerSnapshot, floor_to_10s
from web.assets import brand_url
from web.formatting import LocaleFormatter
from web.languages import load, parse_accept_language, select_locale
from web.problems import CHALLENGE
from web.templating import LOCALE, TemplateRenderer

HERE = Path(__file__).parent

PAGES = TemplateRenderer(HERE / "templates", load(LOCALE, HERE / "locale", WORDS))

BEHIND = timedelta(seconds=60)
"""From this age on a page says that what it shows is behind (docs/contracts/pages.md, Every page)."""


SWITCHED_AT_ONCE = 10
"""Accounts to choose from on every page; of more, the choice is on the account's page."""


class Viewer(NamedTuple):
    """Person a page is rendered for."""

    accept_language: str
    """The header, "" where there is none; it decides where nobody is signed in."""
    known: CustomerSnapshot | None
    """Whoever is signed in: the customer's locale decides."""
    now: datetime
    chosen: str | None = None
    """The language that was chosen in this browser: it goes before all."""
    accounts: Sequence[Account] = ()
    """The customers that whoever is signed in may switch to, the present one among them; of many, the first."""


class Freshness(NamedTuple):
    """Up to when what a page shows was read, cut to 10 s so that its ETag lives that long."""

    as_of: str
    minutes: int
    """How old that is, in whole minutes."""
    behind: bool
    """Whether the page has to say that it is behind (docs/contracts/pages.md, Every page)."""


class PortalBranding(NamedTuple):
    """A business as its pages show it."""

    business: Doc
    logo: str | None
    """The address of the logo; None where there is none that can be shown."""


def render(
    template: str, portal: PortalBranding, reader: Viewer, values: Mapping[str, Any], *, status: int = 200
) -> Response[str]:
    """Return a page of the portal, in the reader's language."""
    business = portal.business
    formats = formats_for(business, reader)
    shell = {
        "business": business,
        "root": f"/{business['slug']}/",
        "logo": portal.logo,
        "initials": initials(business["name"]),
        "brand_url": brand_url(business["branding"]["primary_color"]),
        "language": formats.language,
        "f": formats,
        "signed_in": reader.known is not None,
        "present": reader.known.document if reader.known else None,
        "switchable": reader.accounts if len(reader.accounts) > 1 else (),
        "many": len(reader.accounts) > SWITCHED_AT_ONCE,
        "fresh": freshness(reader),
        "problem": None,
    }
    return _page(PAGES.render(template, formats.locale.language, shell | dict(values)), status)


def formats_for(business: Doc, reader: Viewer) -> LocaleFormatter:
    """Return how a reader is told: texts, dates and money.

    The language is the one that was chosen, else the customer's, what the browser asks for, the business's: the first
    we have the texts of. Dates and money are written as where the customer is, else as where the business is.
    """
    own = reader.known.document["locale"] if reader.known else None
    wanted = parse_accept_language(reader.accept_language)
    language = reader.chosen or select_locale([own, *wanted, business["locale"]], PAGES.languages).language
    here = [own, business["locale"]] if reader.known else []
    locale = select_locale([*here, *wanted, business["locale"], language], [language])
    return LocaleFormatter(locale, business["timezone"], reader.now, MINOR_UNIT_DIGITS)


def freshness(reader: Viewer) -> Freshness | None:
    """Return how fresh the pages of whoever is signed in are."""
    if reader.known is None:
        return None
    as_of = floor_to_10s(reader.known.as_of)
    age = max(reader.now - as_of, timedelta())
    return Freshness(timestamp(as_of), age // timedelta(minutes=1), age > BEHIND)


def initials(name: str) -> str:
    """Return how a name's first two words begin, in place of a logo; what begins with neither letter nor digit is no
    word."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper()


def error_page(
    status: int, portal: PortalBranding | None, reader: Viewer, *, retry_after: timedelta | None = None
) -> Response[str]:
    """Return an error as a page: in the business's name where one is known."""
    values = {"status": status, "wait": minutes(retry_after)}
    if portal:
        return render("error.html", portal, reader, values, status=status)
    locale = select_locale(parse_accept_language(reader.accept_language), PAGES.languages)
    bare = {"language": locale.language, "brand_url": brand_url(None)}
    return _page(PAGES.render("error_standalone.html", locale.language, values | bare), status)


def _page(content: str, status: int) -> Response[str]:
    headers = {"WWW-Authenticate": CHALLENGE} if status == HTTP_401_UNAUTHORIZED else None
    return Response(content, status_code=status, media_type=MediaType.HTML, headers=headers)


def minutes(wait: timedelta | None) -> int | None:
    """Return how long to wait, as people are told: in whole minutes, none too few."""
    return math.ceil(wait / timedelta(minutes=1)) if wait else None
