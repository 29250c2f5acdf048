"""Languages: which one a reader gets, and that no text is missing in one."""

from pathlib import Path

import pytest
from babel.messages.extract import extract_from_dir
from babel.messages.pofile import read_po

import query_api.pages
import query_api.payments
import query_api.pdf
import web
from web.languages import compile_catalogue, load, parse_accept_language, select_locale

PACKAGES = [
    Path(package.__path__[0]) for package in (web, query_api.pages, query_api.pdf, query_api.payments)
]
KEYWORDS = {"_": None, "gettext": None, "ngettext": (1, 2), "pgettext": ((1, "c"), 2)}


def complete(translation: object) -> bool:
    """Whether every form of a translation, one or all plurals, is there."""
    return all(translation) if isinstance(translation, list | tuple) else bool(translation)


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_spanish_is_complete(package: Path) -> None:
    """Every text of the templates is in the Spanish catalogue, and nothing else is."""
    used = {
        (context, message)
        for _, _, message, _, context in extract_from_dir(
            package / "templates", [("**.html", "jinja2"), ("**.txt", "jinja2")], keywords=KEYWORDS
        )
    }
    with (package / "locale" / "es.po").open("rb") as file:
        catalogue = read_po(file, locale="es")
    translated = {
        (message.context, message.id)
        for message in catalogue
        if message.id and not message.fuzzy and complete(message.string)
    }

    assert used == translated


@pytest.mark.parametrize("package", PACKAGES, ids=lambda path: path.name)
def test_translations_keep_their_values(package: Path) -> None:
    """A translation names the same values as its text: a page would fail for a missing one."""
    with (package / "locale" / "es.po").open("rb") as file:
        catalogue = read_po(file, locale="es")

    assert [error for _, errors in catalogue.check() for error in errors] == []


def test_a_catalogue_is_compiled_when_loaded() -> None:
    """A catalogue of text translates, plurals and contexts included."""
    spanish = compile_catalogue(PACKAGES[1] / "locale" / "es.po")

    assert spanish.gettext("Next visit") == "Próxima visita"
    assert spanish.ngettext("%(num)s more visit", "%(num)s more visits", 2) == "%(num)s visitas más"
    assert spanish.pgettext("subscription", "Active") == "Activa"


def test_catalogues_of_a_language_are_merged() -> None:
    """Texts of the shared templates and of the pages are found in one place."""
    spanish = load(*(package / "locale" for package in PACKAGES))["es"]

    assert (spanish.gettext("Page not found"), spanish.gettext("Home")) == ("Página no encontrada", "Inicio")


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        (["es-MX", "en-US"], "es_MX"),
        (["fr-FR", "es"], "es"),
        (["en-GB"], "en_GB"),
        (["de", None], "en"),
        (["es-Latn-XX-unknown", "en-US"], "es"),
        (["*", "", "!!", "en-US"], "en_US"),
        ([], "en"),
    ],
)
def test_the_first_language_there_is_is_chosen(tags: list[str | None], expected: str) -> None:
    """The first tag in a language there are texts of decides, region included; what is no tag is passed over."""
    assert expected == str(select_locale(tags, ["en", "es"]))


@pytest.mark.parametrize(
    ("header", "expected"),
    [
        ("es-MX,es;q=0.9,en;q=0.8", ["es-MX", "es", "en"]),
        ("en;q=0.5, es", ["es", "en"]),
        ("en;q=0, es;q=0.1", ["es"]),
        ("en;q=x, es;level=1, de", ["de"]),
        ("", [""]),
    ],
)
def test_accept_language_is_ordered(header: str, expected: list[str]) -> None:
    """The tags of the header come most wanted first; unwanted and unreadable ones are left out."""
    assert expected == list(parse_accept_language(header))
