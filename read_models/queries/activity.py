"""Query of recent activity (docs/contracts/views.md, Activity)."""

import hashlib
from typing import NamedTuple

from read_models.documents import ACTIVITY_LIMIT, Doc, activity_sort_key
from read_models.indexed_lists import ListQuery
from read_models.queries.context import QueryContext


class ActivityEntry(NamedTuple):
    """An event that the customer is told of.

    `entry` is from the log of `about`: `{at, source, id, what}` and what the event's words are made of.
    """

    entry: Doc
    about: Doc

    def place(self) -> tuple[str, str]:
        """Its key and its id in the list, where an event's own id may be long, and another source's, too."""
        key = activity_sort_key(self.entry)
        return key, hashlib.blake2b(key.encode(), digest_size=16).hexdigest()


async def activity(reading: QueryContext) -> list[ActivityEntry]:
    """Return the latest events of shown entities, latest first."""
    # As many documents as events: the latest event of each is not later than the one that put it here.
    touched = await reading.store.range(ListQuery("touched", reading.own(), ACTIVITY_LIMIT))
    happenings = [ActivityEntry(entry, document) for document in touched for entry in document["log"]]
    happenings.sort(key=lambda happening: activity_sort_key(happening.entry), reverse=True)
    return [happening for happening in happenings[:ACTIVITY_LIMIT] if happening.about["shown"]]
