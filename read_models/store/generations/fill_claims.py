"""Lanes of a generation that is filled: who fills which, and what is inserted (docs/architecture.md, Decision 4).

A lane's checkpoint holds `filling` until the lane is filled: `{target: {topic: offset}, total, slices: [[of, number]],
begun, read, claimed_at}`. The `total` records of a lane below its target are read slice by slice, by a hash of their
keys. `slices` are those left, `begun` says that the first of them was begun, `read` how many of its
records were folded.
`claimed_at` is refreshed by whoever fills the lane; `filled` is how many records the finished slices had.

Whoever fills a lane compares its revision with every transaction, as live workers do: a process that was thought dead
cannot write any more.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from bson import Binary
from pymongo import ReturnDocument

from read_models.clock import utc_now
from read_models.documents import Doc
from read_models.store import checkpoints
from read_models.store.mongo import Client, Database, shield_until_done, translate_errors
from read_models.store.quarantine.dead_letters import (
    BlockedRecord,
    DeadLetters,
    LogPosition,
    UnreadableRecord,
)
from read_models.store.quarantine.discards import Discards
from read_models.store.views import ViewCollection

CLAIM_TIMEOUT_MS = 10_000
"""A claim that was not refreshed for so long is that of a dead process."""


class ClaimLost(Exception):
    """Somebody else fills the lane by now, or its generation was dropped."""


class KeySlice(NamedTuple):
    """The records whose keys' hash, divided by `of`, leaves `number`."""

    of: int
    number: int

    def halves(self) -> "tuple[KeySlice, KeySlice]":
        """Two slices of the same records."""
        return KeySlice(2 * self.of, self.number), KeySlice(2 * self.of, self.number + self.of)


class LaneClaim(NamedTuple):
    """A lane that is being filled."""

    generation: int
    lane: int
    begins: Mapping[str, int]
    """From which offsets it is read, by topic without prefix, where that is not 0."""
    target: Mapping[str, int]
    """Up to which offsets it is read, by topic without prefix."""
    slices: Sequence[KeySlice]
    """Those left, the next one first."""
    begun: bool
    """Whether somebody began with the next one, and did not end it."""


class InsertBatch(NamedTuple):
    """Documents of a slice that one transaction inserts."""

    documents: Sequence[bytes]
    letters: Sequence[UnreadableRecord]
    held: Sequence[BlockedRecord]
    owners_to_clear: Sequence[str]
    """The owners whose documents may be there already, of an attempt that did not end."""
    read: int
    """How many records of the slice are folded with it."""


class FillProgress(NamedTuple):
    """Progress of filling a generation, in records."""

    done: int
    total: int
    lanes_left: int


def initial_fill_state(begins: Mapping[str, int], target: Mapping[str, int], total: int, slices: int) -> Doc:
    """Return what a lane's checkpoint begins with; `total` records are to be read, between these offsets by topic."""
    return {
        "begins": dict(begins),
        "filled": 0,
        "filling": {
            "target": dict(target),
            "total": total,
            "slices": [[slices, number] for number in range(slices)],
            "begun": False,
            "read": 0,
            "claimed_at": None,
        },
    }


class LaneFiller:
    """Fills lanes of one generation, one at a time, with a session of its own."""

    def __init__(
        self,
        client: Client,
        database: Database,
        dead_letters: DeadLetters,
        generation: int,
    ) -> None:
        """Nothing is asked of the server yet."""
        self._client = client
        self._checkpoints = database[checkpoints.COLLECTION]
        self._dead_letters = dead_letters
        self._discards = Discards(database)
        self._views = ViewCollection(database, generation)
        self._generation = generation
        self._session: Any = None
        self._revision = 0

    async def open(self) -> None:
        """Start the session; raise `StoreUnavailable`."""
        with translate_errors():
            self._session = await self._client.start_session()

    async def close(self) -> None:
        """End the session."""
        if self._session is not None:
            await self._session.end_session()

    async def progress(self) -> FillProgress:
        """Return how far all lanes are."""
        chosen = {"generation": self._generation}
        with translate_errors():
            lanes = await self._checkpoints.find(chosen, {"filled": 1, "filling": 1}).to_list(None)
        left = [one["filling"] for one in lanes if "filling" in one]
        done = sum(one.get("filled", 0) for one in lanes) + sum(one["read"] for one in left)
        totals = [one["filling"]["total"] if "filling" in one else one.get("filled", 0) for one in lanes]
        return FillProgress(done, sum(totals), len(left))

    async def claim(self) -> LaneClaim | None:
        """Make a lane that nobody fills this process's, the longest first; None when there is none."""
        free = {
            "$or": [
                {"filling.claimed_at": None},
                {"$expr": {"$lt": ["$filling.claimed_at", {"$subtract": ["$$NOW", CLAIM_TIMEOUT_MS]}]}},
            ]
        }
        chosen = {"generation": self._generation, "filling": {"$exists": True}} | free
        mine = {
            "session": {"$literal": self._lsid},
            "revision": {"$add": ["$revision", 1]},
            "filling.claimed_at": "$$NOW",
            "filling.read": 0,
        }
        with translate_errors():
            found = await self._checkpoints.find_one_and_update(
                chosen, [{"$set": mine}], sort=[("filling.total", -1)], return_document=ReturnDocument.AFTER
            )
        if found is None:
            return None
        self._revision = found["revision"]
        filling = found["filling"]
        slices = [KeySlice(*one) for one in filling["slices"]]
        begins = found.get("begins", {})
        return LaneClaim(self._generation, found["lane"], begins, filling["target"], slices, filling["begun"])

    async def refresh(self, claim: LaneClaim) -> None:
        """Say that the process lives; raise `ClaimLost`."""
        mine = {"_id": self._id(claim), "session": self._lsid, "filling": {"$exists": True}}
        with translate_errors():
            update = self._checkpoints.update_one(mine, [{"$set": {"filling.claimed_at": "$$NOW"}}])
            if not (await shield_until_done(update)).matched_count:
                raise ClaimLost

    async def discarded(self, lane: int) -> frozenset[LogPosition]:
        """Return the places of a lane that are passed by."""
        return await shield_until_done(self._discards.places([lane]))

    async def split(self, claim: LaneClaim, slices: Sequence[KeySlice]) -> None:
        """Have other slices be left, made of the same records; raise `ClaimLost`."""
        change = {"$set": {"filling.slices": [list(one) for one in slices]}, "$inc": {"revision": 1}}
        with translate_errors():
            await shield_until_done(self._compared(claim, change, None))
        self._revision += 1

    async def insert(self, claim: LaneClaim, portion: InsertBatch) -> None:
        """Insert a part of the next slice; raise `ClaimLost`, `DocumentRejected`, `StoreUnavailable`."""
        change = {"$set": {"filling.begun": True, "filling.read": portion.read}, "$inc": {"revision": 1}}
        await shield_until_done(self._transact(claim, change, portion))

    async def finish(
        self, claim: LaneClaim, rest: Sequence[KeySlice], read: int, counts: Mapping[str, int]
    ) -> None:
        """Record that the next slice is done, of `read` records; with the last one the lane is filled."""
        added = {"revision": 1, "filled": read} | {f"counts.{name}": n for name, n in counts.items()}
        change: Doc = {"$inc": added}
        if rest:
            left = {"slices": [list(one) for one in rest], "begun": False, "read": 0}
            change["$set"] = {f"filling.{name}": value for name, value in left.items()}
        else:
            change["$set"] = {"offsets": dict(claim.target), "applied_at": utc_now()}
            change["$unset"] = {"filling": ""}
        with translate_errors():
            await shield_until_done(self._compared(claim, change, None))
        self._revision += 1

    async def _transact(self, claim: LaneClaim, change: Doc, portion: InsertBatch) -> None:
        with translate_errors():
            async with self._session.start_transaction():
                await self._compared(claim, change, self._session)
                if portion.owners_to_clear:
                    await self._views.clear(portion.owners_to_clear, self._session)
                    await self._dead_letters.delete_owners(
                        self._generation, portion.owners_to_clear, self._session
                    )
                await self._views.insert(portion.documents, self._session)
                now = utc_now()
                generations = (self._generation,)
                await self._dead_letters.insert(
                    portion.letters, portion.held, generations, now, self._session
                )
        self._revision += 1

    async def _compared(self, claim: LaneClaim, change: Doc, session: Any) -> None:
        known = {"_id": self._id(claim), "revision": self._revision, "session": self._lsid}
        updated = await self._checkpoints.update_one(known, change, session=session)
        if not updated.matched_count:
            raise ClaimLost

    def _id(self, claim: LaneClaim) -> str:
        return checkpoints.checkpoint_id(self._generation, claim.lane)

    @property
    def _lsid(self) -> Binary:
        return Binary(bytes(self._session.session_id["id"]))
