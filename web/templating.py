"""Pages made of Jinja templates: one environment per language, everything escaped, nothing undefined."""

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape

from web.assets import ASSETS
from web.languages import Catalogues

SHARED = Path(__file__).parent / "templates"
"""Where the skeleton and the macros lie."""

LOCALE = Path(__file__).parent / "locale"
"""The catalogues of the texts in them."""


class TemplateRenderer:
    """The templates of a service, in every language there is a catalogue of."""

    def __init__(self, templates: Path, catalogues: Catalogues) -> None:
        self.languages = frozenset(catalogues)
        self._catalogues = catalogues
        self._environments = {
            language: environment(templates, catalogues, language) for language in catalogues
        }

    def gettext(self, language: str) -> Callable[[str], str]:
        """Return what translates a text of code into one of `languages`."""
        return self._catalogues[language].gettext

    def render(self, template: str, language: str, values: Mapping[str, Any]) -> str:
        """Return a page in one of `languages`. Raises jinja2.UndefinedError where a value is missing."""
        return self._environments[language].get_template(template).render(values)


def environment(templates: Path, catalogues: Catalogues, language: str) -> Environment:
    """Return where templates are found, the service's own first, and what they know without being told."""
    made = Environment(
        loader=FileSystemLoader([templates, SHARED]),
        autoescape=select_autoescape(default=True),
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        auto_reload=False,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_translations(catalogues[language], newstyle=True)  # type: ignore[attr-defined]
    made.globals["assets"] = ASSETS
    return made
