"""`/{slug}/api/activity`"""

from litestar import get
from litestar.di import NamedDependency

from query_api.activity_text import ActivityText, english_formatter
from query_api.api.dependencies import (
    AnyRequest,
    json_or_404,
    page_query_dependency,
    response_specs,
    session_of,
)
from query_api.api.schemas.lists import Changes
from query_api.http.prebuilt_response import PrebuiltJson
from read_models import queries
from read_models.documents import ACTIVITY_LIMIT, Doc
from read_models.queries import ActivityEntry, PageQuery, QueryContext


@get(
    "/activity",
    operation_id="listActivity",
    tags=["activity"],
    dependencies=page_query_dependency(ACTIVITY_LIMIT),
    responses=response_specs(Changes),
)
async def activity(
    request: AnyRequest, reading: NamedDependency[QueryContext], part: NamedDependency[PageQuery]
) -> PrebuiltJson:
    """Return what changed of late, newest first: of the latest 50 events, those whose record is shown."""
    words = ActivityText(english_formatter(session_of(request).customer, reading), reading.business["name"])
    happenings = await queries.activity(reading)
    return json_or_404(
        queries.paginate_in_memory(
            "activity", happenings, part, ActivityEntry.place, lambda happening: item(happening, words)
        )
    )


def item(happening: ActivityEntry, words: ActivityText) -> Doc:
    """Return a happening in the list (docs/contracts/api.md)."""
    entry, about = happening
    return {
        "id": entry["id"],
        "at": entry["at"],
        "what": entry["what"],
        "about": {"kind": about["kind"], "id": about["id"]},
        "title": words.title(happening),
        "detail": words.detail(happening),
    }
