"""How a page of a business's portal is made: whose it is, in which language, as of when."""

import math
from collections.abc import Mapping
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any, NamedTuple

from litestar import Response
from litestar.enums import MediaType

from events.fields import MINOR_UNIT_DIGITS
from read_models.documents import Doc
from web.assets import brand_url
from web.formats import Formats
from web.languages import accepted, choose, load
from web.templating import LOCALE, Pages

HERE = Path(__file__).parent

PAGES = Pages(HERE / "templates", load(LOCALE, HERE / "locale"))


class Reader(NamedTuple):
    """Who a page is made for."""

    accept_language: str
    """The header, "" where there is none; it decides where nobody is signed in."""
    customer: Doc | None
    """The customer's document of whoever is signed in: its locale decides."""
    now: datetime


class Portal(NamedTuple):
    """A business as its pages show it."""

    business: Doc
    logo: str | None
    """The address of the logo; None where there is none that can be shown."""


def render(
    template: str, portal: Portal, reader: Reader, values: Mapping[str, Any], *, status: int = 200
) -> Response[str]:
    """A page of the portal, in the reader's language."""
    business = portal.business
    formats = formats_for(business, reader)
    shell = {
        "business": business,
        "logo": portal.logo,
        "initials": initials(business["name"]),
        "brand_url": brand_url(business["branding"]["primary_color"]),
        "language": formats.language,
        "f": formats,
        "signed_in": reader.customer is not None,
        "problem": None,
    }
    content = PAGES.render(template, formats.locale.language, shell | dict(values))
    return Response(content, status_code=status, media_type=MediaType.HTML)


def formats_for(business: Doc, reader: Reader) -> Formats:
    """The customer's locale, else what the browser asks for, else the business's: the first we have the texts of."""
    wanted = [reader.customer["locale"]] if reader.customer else accepted(reader.accept_language)
    locale = choose([*wanted, business["locale"]], PAGES.languages)
    return Formats(locale, business["timezone"], reader.now, MINOR_UNIT_DIGITS)


def initials(name: str) -> str:
    """How a name's first two words begin, in place of a logo; what begins with neither letter nor digit is no word."""
    words = [word for word in name.split() if word[0].isalnum()]
    return "".join(word[0] for word in words[:2]).upper()


def error_page(
    status: int, portal: Portal | None, reader: Reader, *, retry_after: timedelta | None = None
) -> Response[str]:
    """An error as a page: in the business's name where one is known."""
    values = {"status": status, "wait": minutes(retry_after)}
    if portal:
        return render("error.html", portal, reader, values, status=status)
    locale = choose(accepted(reader.accept_language), PAGES.languages)
    bare = {"language": locale.language, "brand_url": brand_url(None)}
    content = PAGES.render("bare_error.html", locale.language, values | bare)
    return Response(content, status_code=status, media_type=MediaType.HTML)


def minutes(wait: timedelta | None) -> int | None:
    """How long to wait, as people are told: in whole minutes, none too few."""
    return math.ceil(wait / timedelta(minutes=1)) if wait else None
