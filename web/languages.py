"""The languages pages are written in: gettext catalogues, kept as text and compiled when they are loaded."""

import io
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import NamedTuple

from babel import Locale, UnknownLocaleError
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import NullTranslations, Translations

SOURCE = "en"
"""The language the texts are written in; it needs no catalogue."""

Catalogues = Mapping[str, NullTranslations]
"""Translations by language, `SOURCE` among them."""


class LanguagePreference(NamedTuple):
    """A language somebody asks for, and how much (0 to 1)."""

    tag: str
    weight: float


def load(*folders: Path) -> Catalogues:
    """Return the catalogues `{folder}/{language}.po` of several folders, those of a language merged."""
    catalogues: dict[str, NullTranslations] = {SOURCE: NullTranslations()}
    for path in sorted(path for folder in folders for path in folder.glob("*.po")):
        loaded = compile_catalogue(path)
        present = catalogues.get(path.stem)
        if isinstance(present, Translations):
            present.merge(loaded)
        else:
            catalogues[path.stem] = loaded
    return catalogues


def compile_catalogue(path: Path) -> Translations:
    """Return a catalogue of text, ready for use. What is marked fuzzy is left out, as gettext does."""
    with path.open("rb") as file:
        catalogue = read_po(file, locale=path.stem)
    binary = io.BytesIO()
    write_mo(binary, catalogue)
    binary.seek(0)
    return Translations(binary)


def select_locale(tags: Iterable[str | None], languages: Iterable[str]) -> Locale:
    """Return the locale of the first tag (BCP 47) whose language is among `languages`, else that of `SOURCE`.

    What is no tag at all is passed over: the tags come from events and browsers.
    """
    known = frozenset(languages)
    for tag in tags:
        locale = parse_tag(tag) if tag else None
        if locale is not None and locale.language in known:
            return locale
    return Locale.parse(SOURCE)


def parse_tag(tag: str) -> Locale | None:
    """Return the locale of a BCP 47 tag; of its language alone where the rest is unknown; None where that is, too."""
    for candidate in (tag, tag.partition("-")[0]):
        try:
            return Locale.parse(candidate, sep="-")
        except (ValueError, UnknownLocaleError):
            continue
    return None


def parse_accept_language(header: str) -> Sequence[str]:
    """Return the tags of an Accept-Language header (RFC 9110, 12.5.4), most wanted first; unreadable parts are left
    out."""
    wishes = [wish for part in header[:500].split(",") if (wish := _wish(part)) and wish.weight > 0]
    return [wish.tag for wish in sorted(wishes, key=lambda wish: -wish.weight)]


def _wish(part: str) -> LanguagePreference | None:
    tag, _, parameter = part.partition(";")
    name, _, value = parameter.strip().partition("=")
    if name not in ("", "q"):
        return None
    try:
        return LanguagePreference(tag.strip(), float(value or 1))
    except ValueError:
        return None
