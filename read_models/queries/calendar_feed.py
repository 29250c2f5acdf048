"""Query of a calendar feed: upcoming appointments, and those cancelled recently."""

from datetime import timedelta

from read_models import visit
from read_models.documents import Doc, timestamp
from read_models.indexed_lists import ListQuery
from read_models.queries.context import QueryContext

CALLED_OFF = ("visits/cancelled", "visits/missed")

CALLED_OFF_FOR = timedelta(days=7)
"""For so long after it was to be, a visit that was called off is said to be: calendars look now and then only."""

CALLED_OFF_LIMIT = 500
"""More than a customer has booked at a time; of more, the last ones are said."""


async def calendar(reading: QueryContext) -> list[Doc]:
    """Return the documents of the visits that a calendar shows: upcoming ones, soonest first, then those called off."""
    booked = await reading.fetch_whole_list("open_visits")
    since = timestamp(reading.at - CALLED_OFF_FOR)
    gone = ListQuery(
        "past_visits",
        reading.own(),
        CALLED_OFF_LIMIT,
        CALLED_OFF,
        where={"down.key": {"$gte": since}},
    )
    # After the others: a visit that is called off between the two is in both, not in none.
    called_off = await reading.store.range(gone)
    known = {one["id"] for one in called_off}
    return [one for one in booked if visit.upcoming(one, reading.now) and one["id"] not in known] + called_off
