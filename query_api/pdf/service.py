"""Papers: a record as PDF, from a page of its own (`templates/`), made once for what it says and then kept."""

import hashlib
from collections.abc import Mapping
from functools import partial
from pathlib import Path
from typing import Any, NamedTuple

from query_api.api.dependencies import AnyRequest
from query_api.files.logos import Logo
from query_api.files.media_store import FileUnusable, digest_of
from query_api.files.responses import FileAnswer, FileHeaders, cached_file_response, not_modified, tag_of
from query_api.files.service import FileService
from query_api.files.variants import PRINT_VARIANT, TYPES
from query_api.files.visible_files import VisibleFile
from query_api.pages.render import Viewer, formats_for
from query_api.pages.request_context import viewer_of
from query_api.pdf.renderer import PdfRenderer
from query_api.services import services_of
from query_api.sign_in.sessions import Session
from read_models.documents import Doc
from read_models.queries.portal import CustomerScope
from read_models.store.operational import CacheKey
from web.colours import palette
from web.languages import load
from web.templating import LOCALE, TemplateRenderer

HERE = Path(__file__).parent

SHEETS = TemplateRenderer(HERE / "templates", load(LOCALE, HERE / "locale"))

FORM = "paper.pdf"
"""What papers are called among the copies."""


class PdfDocument(NamedTuple):
    """Document to be rendered."""

    name: str
    """What it is called where it is saved, without extension."""
    template: str
    values: Mapping[str, Any]
    pictures: Mapping[str, VisibleFile] = {}
    """By what the template calls them."""


class PdfContext(NamedTuple):
    """Business in whose name a document is rendered, and its customer."""

    scope: CustomerScope
    business: Doc
    reader: Viewer
    logo: Logo | None


async def pdf_context(request: AnyRequest, session: Session, business: Doc) -> PdfContext:
    """Return the letterhead of whoever is signed in to a business."""
    logos = services_of(request).logos
    reader = viewer_of(request, session.known)
    return PdfContext(session.scope, business, reader, await logos.of(business))


class PdfService:
    """The papers of one process."""

    def __init__(self, files: FileService, press: PdfRenderer) -> None:
        self._files = files
        self._press = press

    async def answer(self, request: AnyRequest, head: PdfContext, paper: PdfDocument) -> FileAnswer:
        """Return a paper, as PDF."""
        kept = self._files.kept
        html = render_html(head, paper, paper.pictures)
        place = cache_key(head, html)
        served = FileHeaders(TYPES["pdf"], f"{paper.name}.pdf", inline=False)
        if known := not_modified(request, served.headers(tag_of(place))):
            return known
        found = await kept.find(place)
        if found is None:
            pictures = await self._pictures(head, paper)
            had = {name: shown for name, shown in paper.pictures.items() if image_url(shown) in pictures}
            html = render_html(head, paper, had)  # what cannot be had is said, and so is another paper
            place = cache_key(head, html)
            found = await kept.get_or_create(place, partial(self._print, place, html, pictures))
        return cached_file_response(request, kept, place, found, served)

    async def _print(self, place: CacheKey, html: str, pictures: Mapping[str, bytes]) -> None:
        await self._files.kept.put(place, await self._press.render(html, pictures))

    async def _pictures(self, head: PdfContext, paper: PdfDocument) -> dict[str, bytes]:
        """Return the pictures of a paper that can be had, by address; of the others operators are told."""
        found = {logo_address(head.logo): head.logo.content} if head.logo else {}
        for shown in paper.pictures.values():
            try:
                copy = await self._files.copy(head.scope, shown, PRINT_VARIANT)
            except FileUnusable as error:
                await self._files.notice(head.scope, shown, error)
                continue
            if copy is not None:
                found[image_url(shown)] = b"".join([chunk async for chunk in copy.content()])
        return found


def render_html(head: PdfContext, paper: PdfDocument, pictures: Mapping[str, VisibleFile]) -> str:
    """Return the page that is printed, with these of its pictures."""
    formats = formats_for(head.business, head.reader)
    values = {
        **paper.values,
        "business": head.business,
        "customer": head.reader.known and head.reader.known.document,
        "accent": palette(head.business["branding"]["primary_color"]).accent,
        "logo": logo_address(head.logo) if head.logo else None,
        "sources": {name: image_url(shown) for name, shown in pictures.items()},
        "language": formats.language,
        "f": formats,
    }
    return SHEETS.render(paper.template, formats.locale.language, values)


def logo_address(logo: Logo) -> str:
    """Under which address a logo is on a paper: it changes with the logo."""
    return f"paper:logo/{logo.sha256}"


def image_url(shown: VisibleFile) -> str:
    """Under which address a picture is on a paper: it changes with the picture."""
    try:
        return f"paper:{digest_of(shown.media)}"
    except FileUnusable:
        return "paper:none"


def cache_key(head: PdfContext, html: str) -> CacheKey:
    """Return where a paper is kept: under what it says."""
    return CacheKey(*head.scope, hashlib.sha256(html.encode()).hexdigest(), FORM)
