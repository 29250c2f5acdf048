"""`/{slug}/api/activity`"""

from litestar import get
from litestar.di import NamedDependency

from query_api.activity_text import ActivityText, english
from query_api.api.access import AnyRequest
from query_api.api.dependencies import answers, part_by, served, session_of
from query_api.api.schemas.lists import Changes
from query_api.http.prebuilt_response import PrebuiltJson
from read_models import queries
from read_models.documents import LOG_LIMIT, Doc
from read_models.queries import ActivityEntry, PageQuery, QueryContext


@get(
    "/activity",
    operation_id="listActivity",
    tags=["activity"],
    dependencies=part_by(LOG_LIMIT),
    responses=answers(Changes),
)
async def activity(
    request: AnyRequest, reading: NamedDependency[QueryContext], part: NamedDependency[PageQuery]
) -> PrebuiltJson:
    """What changed of late, newest first: of the latest 50 events, those whose record is shown."""
    words = ActivityText(english(session_of(request).customer, reading), reading.business["name"])
    happenings = await queries.activity(reading)
    return served(
        queries.portion(
            "activity", happenings, part, ActivityEntry.place, lambda happening: item(happening, words)
        )
    )


def item(happening: ActivityEntry, words: ActivityText) -> Doc:
    """A happening in the list (API.md)."""
    entry, about = happening
    return {
        "id": entry["id"],
        "at": entry["at"],
        "what": entry["what"],
        "about": {"kind": about["kind"], "id": about["id"]},
        "title": words.title(happening),
        "detail": words.detail(happening),
    }
