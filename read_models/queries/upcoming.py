"""The appointments that name a contract or a subscription."""

from collections.abc import Iterable

from read_models import visit
from read_models.customer import SHOWN
from read_models.documents import Doc
from read_models.indexed_lists import LISTS, sort_documents
from read_models.queries.context import QueryContext


def kept_upcoming(parent: Doc, now: str) -> list[str] | None:
    """Return the ids of the soonest upcoming appointments among those the parent keeps; None where it may keep too few.

    It keeps its soonest ones, so that the first upcoming among them are the first of all.
    """
    ids = [slot["id"] for slot in parent["open"] if visit.upcoming(slot, now)][:SHOWN]
    return ids if len(ids) == SHOWN or len(parent["open"]) == parent["open_count"] else None


def kept_next(parent: Doc, now: str) -> str | None:
    """Return the id of the soonest upcoming appointment among those the parent keeps."""
    return next((slot["id"] for slot in parent["open"] if visit.upcoming(slot, now)), None)


async def soonest(reading: QueryContext, parent: Doc, list_name: str) -> list[Doc]:
    """Return the soonest upcoming appointments of a parent; its list is read in the rare case that it keeps too few."""
    ids = kept_upcoming(parent, reading.now)
    if ids is None:
        found: Iterable[Doc] = await reading.fetch_whole_list(list_name, parent["id"])
    else:
        found = (await reading.documents(("visit", _id) for _id in ids)).values()
    # They may have been moved, or had their outcome, since the parent was read.
    ahead = [one for one in found if one["phase"] == "open" and visit.upcoming(one, reading.now)]
    return sort_documents(ahead, LISTS[list_name].order)[:SHOWN]
