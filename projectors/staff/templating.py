"""Rendering of the operators' pages."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

from litestar import Response
from litestar.enums import MediaType

from projectors.operations.dead_letter_serializers import mask_key
from web.assets import Assets, brand_url
from web.languages import load
from web.templating import LOCALE, TemplateRenderer

HERE: Final = Path(__file__).parent
STAFF: Final = Assets(HERE / "static", "/-/staff")
LANGUAGE: Final = "en"

UNITS: Final = ((86400, "d"), (3600, "h"), (60, "min"))

_PAGES: Final = TemplateRenderer(HERE / "templates", load(LOCALE))


def page(template: str, values: Mapping[str, Any], *, status: int = 200) -> Response[str]:
    """Render a template of the staff surface as a response."""
    shell = {
        "language": LANGUAGE,
        "brand_url": brand_url(None),
        "staff": STAFF,
        "operator": None,
        "number": number,
        "age": age,
        "size": size,
        "moment": moment,
        "mask_key": mask_key,
    }
    content = _PAGES.render(template, LANGUAGE, shell | dict(values))
    return Response(content, status_code=status, media_type=MediaType.HTML)


def number(value: int | None) -> str:
    """Format a count; a dash if unknown."""
    return "–" if value is None else f"{value:,}"


def age(seconds: float | timedelta | None) -> str:
    """Format a duration in its largest unit; a dash if unknown."""
    if seconds is None:
        return "–"
    left = seconds.total_seconds() if isinstance(seconds, timedelta) else seconds
    for length, unit in UNITS:
        if left >= length:
            return f"{left / length:.0f} {unit}"
    return f"{left:.0f} s" if left >= 10 or left == 0 else f"{left:.1f} s"


def size(octets: int | None) -> str:
    """Format a number of bytes in MB; a dash if unknown."""
    return "–" if octets is None else f"{octets / 1e6:,.1f} MB"


def moment(at: datetime | None) -> str:
    """Format a time in UTC to the second; a dash if there is none."""
    return "–" if at is None else f"{at.astimezone(UTC):%Y-%m-%d %H:%M:%S}"
