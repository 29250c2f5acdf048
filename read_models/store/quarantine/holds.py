"""Holds as those change them who mend a customer: what waits is applied, or the customer is projected anew.

Nobody else writes the documents of a customer that is held, so a hold that is as it was read is all that has to be
compared. What begins with a session is a part of its transaction (`transact_alongside_worker`).
"""

from collections.abc import Collection, Mapping
from typing import Any, NamedTuple

from read_models.clock import utc_now
from read_models.documents import Doc
from read_models.store.checkpoints import COLLECTION as CHECKPOINTS
from read_models.store.mongo import Database, translate_errors
from read_models.store.quarantine.dead_letters import (
    HOLDS,
    UNREADABLE,
    WAITING,
    LogPosition,
    hold_id,
    hold_of,
    owned_by,
)

THE_REST = "what waited is being applied; retry goes on with it"
ANEW = "is being projected anew from the log; retry, or `portal rebuild --customer`, goes on with it"


class Hold(NamedTuple):
    """An owner's hold in one generation."""

    generation: int
    owner: str
    lane: int
    position: LogPosition | None
    """Of the event that holds, if one does."""
    reason: str
    rebuild: str | None
    """Names the run that projects the owner anew, if one does or did until it was ended."""

    @property
    def unchanged_filter(self) -> Doc:
        """Matches the hold as long as nobody has changed it."""
        topic, offset = (self.position.topic, self.position.offset) if self.position else (None, None)
        return {
            "_id": hold_id(self.generation, self.owner),
            "topic": topic,
            "offset": offset,
            "rebuild": self.rebuild,
        }


class HoldChanged(Exception):
    """Somebody else, another operator or an erasure, has changed a hold since it was read."""


class Holds:
    """The holds of an installation."""

    def __init__(self, database: Database) -> None:
        """Nothing is asked of the server yet."""
        self._holds = database[HOLDS]
        self._waiting = database[WAITING]
        self._unreadable = database[UNREADABLE]
        self._checkpoints = database[CHECKPOINTS]

    async def of(self, owner: str, generations: Collection[int]) -> list[Hold]:
        """Return an owner's holds in generations; those that there are."""
        ids = [hold_id(generation, owner) for generation in generations]
        with translate_errors():
            found = await self._holds.find({"_id": {"$in": ids}}).sort([("generation", 1)]).to_list(None)
        return [_hold(one) for one in found]

    async def pending(self, hold: Hold, limit: int) -> list[LogPosition]:
        """Return the first places that are to be applied before the hold ends: its event, then what waits in order."""
        first = [hold.position] if hold.position else []
        if limit <= len(first):
            return first[:limit]
        with translate_errors():
            found = self._waiting.find(_waits(hold), {"topic": 1, "lane": 1, "offset": 1})
            rest = await found.sort([("topic", 1), ("offset", 1)]).limit(limit - len(first)).to_list(None)
        return first + [LogPosition.of(one) for one in rest]

    async def mark_applied(self, hold: Hold, done: Collection[LogPosition], session: Any) -> None:
        """Record places as applied; end the hold when they were the last. Raises `HoldChanged`."""
        await self._done(hold, set(done) - {hold.position}, session)
        change = {"topic": None, "offset": None, "reason": THE_REST}
        await self._change(hold, change, session)
        await self._end_if_empty(hold, session)

    async def begin_rebuild(
        self, owner: str, lane: int, generations: Collection[int], run: str, session: Any
    ) -> dict[int, dict[str, int]]:
        """Hold an owner whom a run projects anew, in place of another run; answer how far each generation is.

        By topic without prefix: the offsets from which on everything of the owner waits.
        """
        now = utc_now()
        for generation in generations:
            fields = hold_of(generation, owner, lane, now) | {"topic": None, "offset": None, "reason": ANEW}
            _id = {"_id": hold_id(generation, owner)}
            change = {"$set": {"rebuild": run}, "$setOnInsert": fields}
            await self._holds.update_one(_id, change, upsert=True, session=session)
        lanes = {"generation": {"$in": list(generations)}, "lane": lane}
        reached = await self._checkpoints.find(lanes, session=session).to_list(None)
        return {one["generation"]: one["offsets"] for one in reached}

    async def finish_rebuild(self, hold: Hold, offsets: Mapping[str, int], session: Any) -> None:
        """Record that an owner's documents are those of the log up to offsets: less waits. Raises `HoldChanged`."""
        for topic, offset in offsets.items():
            applied = _waits(hold) | {"topic": topic, "offset": {"$lt": offset}}
            await self._waiting.delete_many(applied, session=session)
        await self._change(
            hold, {"topic": None, "offset": None, "reason": THE_REST, "rebuild": None}, session
        )
        await self._end_if_empty(hold, session)

    async def abort_rebuild(self, hold: Hold, session: Any) -> None:
        """Give a run up, which has changed nothing: the hold is what it was before. Raises `HoldChanged`."""
        reason = hold.reason if hold.position else THE_REST
        await self._change(hold, {"reason": reason, "rebuild": None}, session)

    async def block_on(self, hold: Hold, position: LogPosition, reason: str, session: Any) -> None:
        """Have an event that cannot be applied be what holds from now on. Raises `HoldChanged`."""
        await self._done(hold, {position} - {hold.position}, session)
        change = {"topic": position.topic, "offset": position.offset, "reason": reason}
        await self._change(hold, change, session)

    async def discard(self, position: LogPosition, session: Any) -> None:
        """Take a place out of the quarantine, in every generation."""
        await self._unreadable.delete_one({"_id": position.id}, session=session)
        await self._waiting.delete_many(position._asdict(), session=session)
        change = {"topic": None, "offset": None, "reason": f"{position.id}, which held, was discarded"}
        await self._holds.update_many(position._asdict(), {"$set": change}, session=session)

    async def _end_if_empty(self, hold: Hold, session: Any) -> None:
        if await self._waiting.find_one(_waits(hold), {"_id": 1}, session=session) is None:
            await self._holds.delete_one({"_id": hold_id(hold.generation, hold.owner)}, session=session)

    async def _done(self, hold: Hold, positions: Collection[LogPosition], session: Any) -> None:
        ids = [f"{hold.generation}/{position.id}" for position in positions]
        removed = await self._waiting.delete_many({"_id": {"$in": ids}}, session=session)
        if removed.deleted_count != len(ids):
            raise HoldChanged

    async def _change(self, hold: Hold, change: Mapping[str, Any], session: Any) -> None:
        changed = await self._holds.update_one(hold.unchanged_filter, {"$set": dict(change)}, session=session)
        if changed.matched_count != 1:
            raise HoldChanged


def _waits(hold: Hold) -> Doc:
    return {"generation": hold.generation, "owner": hold.owner} | owned_by(hold.owner)


def _hold(found: Doc) -> Hold:
    position = None if found["offset"] is None else LogPosition.of(found)
    return Hold(
        found["generation"], found["owner"], found["lane"], position, found["reason"], found.get("rebuild")
    )
