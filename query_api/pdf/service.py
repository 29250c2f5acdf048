"""Papers: a record as PDF, from a page of its own (`templates/`), made once for what it says and then kept."""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from query_api.api.access import AnyRequest
from query_api.files.logos import Logo, Logos
from query_api.files.media_store import Unusable, digest_of
from query_api.files.responses import FileAnswer, Served, copied, tag_of, unchanged
from query_api.files.service import Files
from query_api.files.variants import PRINTED, TYPES
from query_api.files.visible_files import Shown
from query_api.pages.render import Reader, formats_for
from query_api.pages.request_context import reader_of
from query_api.pdf.renderer import Press
from query_api.sign_in.sessions import Session
from read_models.documents import Doc
from read_models.queries.portal import Scope
from read_models.store.operational import Place
from web.colours import palette
from web.languages import load
from web.templating import LOCALE, Pages

HERE = Path(__file__).parent

SHEETS = Pages(HERE / "templates", load(LOCALE, HERE / "locale"))

FORM = "paper.pdf"
"""What papers are called among the copies."""


class Paper(NamedTuple):
    """What is to be printed."""

    name: str
    """What it is called where it is saved, without extension."""
    template: str
    values: Mapping[str, Any]
    pictures: Mapping[str, Shown] = {}
    """By what the template calls them."""


class Letterhead(NamedTuple):
    """In whose name it is printed, and for whom."""

    scope: Scope
    business: Doc
    reader: Reader
    logo: Logo | None


async def letterhead(request: AnyRequest, session: Session, business: Doc) -> Letterhead:
    """The letterhead of whoever is signed in to a business."""
    logos: Logos = request.app.state.logos
    reader = reader_of(request, session.known)
    return Letterhead(session.scope, business, reader, await logos.of(business))


class Papers:
    """The papers of one process."""

    def __init__(self, files: Files, press: Press) -> None:
        self._files = files
        self._press = press

    async def answer(self, request: AnyRequest, head: Letterhead, paper: Paper) -> FileAnswer:
        """A paper, as PDF."""
        kept = self._files.kept
        html = sheet(head, paper, paper.pictures)
        place = place_of(head, html)
        served = Served(TYPES["pdf"], f"{paper.name}.pdf", inline=False)
        if known := unchanged(request, served.headers(tag_of(place))):
            return known
        found = await kept.find(place)
        if found is None:
            pictures = await self._pictures(head, paper)
            had = {name: shown for name, shown in paper.pictures.items() if address(shown) in pictures}
            html = sheet(head, paper, had)  # what cannot be had is said, and so is another paper
            place = place_of(head, html)
            found = await kept.get(place, partial(self._print, place, html, pictures))
        return copied(request, kept, place, found, served)

    async def _print(self, place: Place, html: str, pictures: Mapping[str, bytes]) -> None:
        await self._files.kept.put(place, await self._press.printed(html, pictures))

    async def _pictures(self, head: Letterhead, paper: Paper) -> dict[str, bytes]:
        """The pictures of a paper that can be had, by address; of the others operators are told."""
        found = {logo_address(head.logo): head.logo.content} if head.logo else {}
        for shown in paper.pictures.values():
            try:
                copy = await self._files.copy(head.scope, shown, PRINTED)
            except Unusable as error:
                await self._files.notice(head.scope, shown, error)
                continue
            if copy is not None:
                found[address(shown)] = b"".join([chunk async for chunk in copy.content()])
        return found


def sheet(head: Letterhead, paper: Paper, pictures: Mapping[str, Shown]) -> str:
    """The page that is printed, with these of its pictures."""
    formats = formats_for(head.business, head.reader)
    values = {
        **paper.values,
        "business": head.business,
        "customer": head.reader.known and head.reader.known.document,
        "accent": palette(head.business["branding"]["primary_color"]).accent,
        "logo": logo_address(head.logo) if head.logo else None,
        "sources": {name: address(shown) for name, shown in pictures.items()},
        "language": formats.language,
        "f": formats,
    }
    return SHEETS.render(paper.template, formats.locale.language, values)


def logo_address(logo: Logo) -> str:
    """Under which address a logo is on a paper: it changes with the logo."""
    return f"paper:logo/{logo.sha256}"


def address(shown: Shown) -> str:
    """Under which address a picture is on a paper: it changes with the picture."""
    try:
        return f"paper:{digest_of(shown.media)}"
    except Unusable:
        return "paper:none"


def place_of(head: Letterhead, html: str) -> Place:
    """Where a paper is kept: under what it says."""
    return Place(*head.scope, hashlib.sha256(html.encode()).hexdigest(), FORM)
