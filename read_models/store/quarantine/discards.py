"""Discards: places in the log that an operator took out for good (docs/architecture.md, Decision 4).

They belong to the place, not to a generation: whoever applies the log asks `places` and passes by what it names.
"""

from collections.abc import Iterable
from datetime import datetime
from typing import Any, NamedTuple

from read_models.masking import mask_emails
from read_models.store.mongo import Database, translate_errors
from read_models.store.quarantine.dead_letters import LogPosition

COLLECTION = "discards"


class Discard(NamedTuple):
    """Discard of a record: operator and reason; `error` is what was wrong with it."""

    position: LogPosition
    by: str
    """As in the audit: `cli:NAME`, `staff:NAME`."""
    why: str | None
    """None of an erased customer."""
    error: str
    at: datetime


class Discards:
    """The discards of an installation."""

    def __init__(self, database: Database) -> None:
        """Nothing is asked of the server yet."""
        self._collection = database[COLLECTION]

    async def places(self, lanes: Iterable[int], session: Any = None) -> frozenset[LogPosition]:
        """Return the places of these lanes that are not to be applied, be it live or from the log anew."""
        with translate_errors():
            found = self._collection.find({"lane": {"$in": list(lanes)}}, session=session)
            return frozenset(LogPosition.of(document) for document in await found.to_list(None))

    async def find(self, position: LogPosition) -> Discard | None:
        """Return the discard of a place, None where there is none."""
        with translate_errors():
            one = await self._collection.find_one({"_id": position.id})
        return Discard(position, one["by"], one["why"], one["error"], one["at"]) if one else None

    async def put(self, one: Discard, owner: tuple[str | None, str | None], session: Any) -> None:
        """Take a place out, in the session's transaction; the first who did stays named.

        `owner` are the ids of the business and the customer it belongs to: erasure empties `why` then.
        """
        business, customer = owner
        fields = one.position._asdict() | {"business": business, "customer": customer, "by": one.by}
        fields |= {"why": mask_emails(one.why or ""), "error": one.error, "at": one.at}
        await self._collection.update_one(
            {"_id": one.position.id}, {"$setOnInsert": fields}, upsert=True, session=session
        )
