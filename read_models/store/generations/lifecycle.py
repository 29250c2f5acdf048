"""Life of generations: `filling -> level -> served <-> standby -> retired` (docs/architecture.md, Decision 4).

A generation's record is `{_id: its number, version, state, partitions, cluster_id, created_at}`; then `level_at` when
it was filled, `promoted_at` when it was served last, `retired_at`, `dropped_at` when its data was gone, and
`switches`, the last few ways it came to be served: `[{id, what, at, by, forced}]`, with a reason
in `forced` where it was. One made from a log that does not begin at offset 0 has `truncated`: `{reason, by, at}`.
`firsts` is `{topic without prefix: {partition: Kafka timestamp of its oldest record, in ms}}`, as far as it is known.

Whoever changes what is kept writes every lane of it, in the same transaction: so a worker that knows the old state
fails with its next batch, and nobody can write what is retired.
"""

from collections.abc import AsyncIterator, Iterable, Mapping
from contextlib import asynccontextmanager
from dataclasses import replace
from typing import Any

from pymongo import UpdateOne
from pymongo.errors import DuplicateKeyError

from read_models.clock import utc_now
from read_models.documents import Doc
from read_models.store import checkpoints
from read_models.store.generations.repository import (
    COLLECTION,
    POINTERS,
    GenerationPointer,
    Generations,
    new_generation_record,
)
from read_models.store.generations.switch_requests import (
    NotCaughtUp,
    OperationRefused,
    SwitchRequest,
    TruncationOverride,
    after_drop,
    after_switch,
)
from read_models.store.mongo import Client, Database, WriteConflict, translate_errors
from read_models.store.operational import OperationalStore
from read_models.store.quarantine.dead_letters import DeadLetters
from read_models.store.views import collection_name

SWITCHES_KEPT = 20
MAX_RECORDS_BEHIND = 1000
"""Records that live workers make up for when they begin to keep a generation: well below a second's work."""
LEASE_MS = 10_000
Offsets = Mapping[int, Mapping[str, int]]
"""By lane and topic without prefix: of the next record."""


class GenerationLifecycle:
    """Switches and retires generations."""

    def __init__(
        self, client: Client, database: Database, generations: Generations, dead_letters: DeadLetters
    ) -> None:
        """Nothing is asked of the server yet."""
        self._client = client
        self._database = database
        self._records = database[COLLECTION]
        self._pointers = database[POINTERS]
        self._checkpoints = database[checkpoints.COLLECTION]
        self._generations = generations
        self._dead_letters = dead_letters
        self._audit = OperationalStore(database).audit

    async def begin(
        self,
        version: int,
        cluster_id: str,
        lanes: Mapping[int, Doc],
        rebuild: Mapping[str, Any],
        truncated: TruncationOverride | None = None,
    ) -> int:
        """Begin a generation that is filled beside what is kept, and answer its number.

        `lanes` says of every lane how it is filled (`read_models.store.generations.fill_claims.initial_fill_state`),
        `rebuild` what is to be known of who fills it, as for `note`.
        Raises `WriteConflict` when somebody else has begun one, or does so just now.
        """
        generation = 1 + max((one["_id"] for one in await self._generations.records()), default=0)
        await self._generations.make_collections(generation, indexed=False)
        record = new_generation_record(generation, version, len(lanes), cluster_id, "filling")
        record["rebuild"] = dict(rebuild)
        if truncated is not None:
            record["truncated"] = truncated._asdict() | {"at": utc_now()}
        async with self._transaction() as session:
            if filling := await self._records.find_one({"state": "filling"}, session=session):
                raise WriteConflict(f"generation {filling['_id']} is being filled: one rebuild at a time")
            try:
                await self._records.insert_one(record, session=session)
            except DuplicateKeyError:
                raise WriteConflict(f"generation {generation} was made meanwhile") from None
            blank = [checkpoints.blank(generation, lane) | filling for lane, filling in lanes.items()]
            await self._checkpoints.insert_many(blank, session=session)
            if truncated is not None:
                await self._audit.note(
                    truncated.by,
                    "rebuild.from_truncated",
                    str(generation),
                    truncated.reason,
                    utc_now(),
                    session=session,
                )
        return generation

    async def filling(self) -> Doc | None:
        """Return the record of the generation that is being filled, of whatever version; None when none is."""
        with translate_errors():
            found: Doc | None = await self._records.find_one({"state": "filling"})
        return found

    async def acquire_leadership(self, generation: int, leader: str) -> bool:
        """Return whether somebody is, until `LEASE_MS` from now, the one who follows the log for a filled generation.

        Nobody becomes it any more once live workers keep the generation.
        """
        silent = {"$lt": ["$leader.at", {"$subtract": ["$$NOW", LEASE_MS]}]}
        free = {"state": "filling", "$or": [{"leader.name": None}, {"$expr": silent}]}
        mine = {"state": {"$in": ["filling", "level", "served"]}, "leader.name": leader}
        chosen = {"_id": generation, "$or": [free, mine]}
        change = [{"$set": {"leader": {"name": {"$literal": leader}, "at": "$$NOW"}}}]
        with translate_errors():
            return bool((await self._records.update_one(chosen, change)).matched_count)

    async def update_rebuild(self, generation: int, **rebuild: Any) -> None:
        """Keep what is to be known of a rebuild: fields of the record's `rebuild`."""
        change = {"$set": {f"rebuild.{name}": value for name, value in rebuild.items()}}
        with translate_errors():
            await self._records.update_one({"_id": generation}, change)

    async def mark_level(self, generation: int) -> GenerationPointer:
        """Have live workers keep a generation that is filled, from now on; the one filled before goes.

        Raises `NotCaughtUp` where it is more than `MAX_RECORDS_BEHIND` records behind what is served,
        `OperationRefused` when it is not being filled any more, and `WriteConflict` when a lane is just being
        written: then it is to be tried again.
        """
        async with self._transaction() as session:
            record = await self._records.find_one({"_id": generation, "state": "filling"}, session=session)
            if record is None:
                raise OperationRefused(f"generation {generation} is not being filled any more")
            lanes = await self._lanes(generation, session)
            if any("filling" in lane for lane in lanes.values()):
                raise NotCaughtUp(f"generation {generation} is not filled yet")
            version = record["version"]
            known = await self._generations.pointer(version, session) or GenerationPointer(
                version, None, None
            )
            pointer = replace(known, level=generation)
            await self._bump_revisions(pointer.active, session)
            if known.served is not None:
                before = await self._lanes(known.served, session)
                self._require_level(generation, lanes, _offsets(before), MAX_RECORDS_BEHIND)
            await self._retire(set(known.active) - set(pointer.active), session)
            await self._point(pointer, session)
            change = {"$set": {"level_at": utc_now()}}
            await self._records.update_one({"_id": generation}, change, session=session)
        await self.delete_retired()
        return pointer

    async def switch(self, version: int, order: SwitchRequest, ends: Offsets) -> GenerationPointer:
        """Serve another generation of a version, in one transaction over all lanes; answer what is kept then.

        Nothing is done where it is served already: others may have asked for the same.
        `ends` is where the log ended when it was asked for: it counts where nothing is served yet.
        What was served stands by, but where it lacks records that the log has lost: it could not be kept up to date.
        Raises `OperationRefused`, `NotCaughtUp`, and `WriteConflict` when a lane is just being written: then it is to
        be tried again.
        """
        async with self._transaction() as session:
            known = await self._generations.pointer(version, session) or GenerationPointer(
                version, None, None
            )
            target = order.generation
            if target == known.served or await self._records.find_one(
                {"switches.id": order.id}, session=session
            ):
                return known
            pointer = after_switch(known, target)
            gone = set(known.active) - set(pointer.active)
            await self._bump_revisions(filter(None, (target, pointer.standby)), session)
            lanes = await self._lanes(target, session)
            before = await self._lanes(pointer.standby, session) if pointer.standby else {}
            if pointer.standby and _lacks(before, lanes):
                gone.add(pointer.standby)
                pointer = replace(pointer, standby=None)
            if order.forced is None:
                self._require_level(target, lanes, _offsets(before) if before else ends)
                await self._require_no_more_dead_letters(target, known.served)
            await self._carry_over(before, lanes, session)
            await self._retire(gone, session)
            await self._point(pointer, session)
            at = utc_now()
            said = {"id": order.id, "what": order.what, "by": order.by, "forced": order.forced, "at": at}
            await self._records.update_one(
                {"_id": target},
                {
                    "$set": {"promoted_at": at},
                    "$push": {"switches": {"$each": [said], "$slice": -SWITCHES_KEPT}},
                },
                session=session,
            )
            action = f"generation.{order.what}"
            await self._audit.note(order.by, action, str(target), order.forced, at, session=session)
        await self.delete_retired()
        return pointer

    async def drop(self, generation: int, by: str, *, served: bool = False) -> None:
        """Retires a generation and removes its data; one that is served in its version only if `served` says so.

        `by` is who asked, as in the audit. Raises `OperationRefused`, and `WriteConflict` when a lane is just being
        written: then it is to be tried again.
        """
        async with self._transaction() as session:
            record = await self._records.find_one({"_id": generation}, session=session)
            if record is None or record["state"] == "retired":
                raise OperationRefused(
                    f"there is no generation {generation}; `portal generations list` says which there are"
                )
            if record["state"] == "served" and not served:
                raise OperationRefused(
                    f"generation {generation} is served to readers of version {record['version']}: have another"
                    " one served first, or, where nobody reads that version any more, say --served"
                )
            await self._retire([generation], session)
            known = await self._generations.pointer(record["version"], session)
            if known is not None and generation in known.active:
                await self._bump_revisions(known.active, session)
                await self._point(after_drop(known, generation), session)
            await self._audit.note(by, "generation.drop", str(generation), None, utc_now(), session=session)
        await self.delete_retired()

    async def delete_retired(self) -> None:
        """Remove the data of what is retired, also where whoever retired it did not come to it."""
        with translate_errors():
            left = await self._records.find({"state": "retired", "dropped_at": None}, {"_id": 1}).to_list(
                None
            )
            for record in left:
                await self._database.drop_collection(collection_name(record["_id"]))
                await self._dead_letters.delete_generation(record["_id"])
                await self._records.update_one({"_id": record["_id"]}, {"$set": {"dropped_at": utc_now()}})

    @asynccontextmanager
    async def _transaction(self) -> AsyncIterator[Any]:
        with translate_errors():
            async with await self._client.start_session() as session, session.start_transaction():
                yield session

    async def _bump_revisions(self, generations: Iterable[int], session: Any) -> None:
        """Add 1 to every lane's revision: only to read them would conflict with nobody."""
        chosen = {"generation": {"$in": list(generations)}}
        await self._checkpoints.update_many(chosen, {"$inc": {"revision": 1}}, session=session)

    async def _lanes(self, generation: int, session: Any) -> dict[int, Doc]:
        found = self._checkpoints.find({"generation": generation}, session=session)
        return {one["lane"]: one for one in await found.to_list(None)}

    def _require_level(self, target: int, lanes: Mapping[int, Doc], wanted: Offsets, almost: int = 0) -> None:
        missing = {
            lane: sum(
                max(0, offset - lanes[lane]["offsets"].get(topic, 0)) for topic, offset in of_lane.items()
            )
            for lane, of_lane in wanted.items()
        }
        behind = sorted(lane for lane, records in missing.items() if records)
        if sum(missing.values()) > almost:
            raise NotCaughtUp(
                f"generation {target} is {sum(missing.values())} records behind, in lanes"
                f" {', '.join(map(str, behind))}: is a `portal project` of this version running?"
            )

    async def _require_no_more_dead_letters(self, target: int, served: int | None) -> None:
        if served is None:
            return
        there, here = [(await self._dead_letters.counts(one))[0] for one in (target, served)]
        if there > here:
            raise NotCaughtUp(
                f"generation {target} has {there} dead letters, what is served {here}:"
                " see `portal dead-letters list`"
            )

    async def _carry_over(self, before: Mapping[int, Doc], lanes: Mapping[int, Doc], session: Any) -> None:
        """Readers are told no earlier time than before, where the lane holds all that was served."""
        moments = [
            UpdateOne(
                {"_id": lanes[lane]["_id"]},
                {"$max": {name: one[name] for name in ("level_at", "applied_at") if one[name] is not None}},
            )
            for lane, one in before.items()
            if one["level_at"] is not None
            and all(
                lanes[lane]["offsets"].get(topic, 0) >= offset for topic, offset in one["offsets"].items()
            )
        ]
        if moments:
            await self._checkpoints.bulk_write(moments, session=session)

    async def _retire(self, generations: Iterable[int], session: Any) -> None:
        """Retire generations: every later compare of their lanes fails, so nobody can write them."""
        for generation in generations:
            await self._checkpoints.delete_many({"generation": generation}, session=session)
            change = {"$set": {"state": "retired", "retired_at": utc_now()}}
            await self._records.update_one({"_id": generation}, change, session=session)

    async def _point(self, pointer: GenerationPointer, session: Any) -> None:
        """Store what is kept, and say so in the records."""
        places = {"served": pointer.served, "standby": pointer.standby, "level": pointer.level}
        if not pointer.active:
            await self._pointers.delete_one({"_id": pointer.version}, session=session)
            return
        await self._pointers.update_one(
            {"_id": pointer.version}, {"$set": places}, upsert=True, session=session
        )
        states = [UpdateOne({"_id": one}, {"$set": {"state": state}}) for state, one in places.items() if one]
        await self._records.bulk_write(states, session=session)


def _lacks(before: Mapping[int, Doc], lanes: Mapping[int, Doc]) -> bool:
    """Return whether lanes end before the log begins of which others were made."""
    return any(
        before[lane]["offsets"].get(topic, 0) < begin
        for lane, one in lanes.items()
        for topic, begin in one.get("begins", {}).items()
    )


def _offsets(lanes: Mapping[int, Doc]) -> Offsets:
    return {lane: one["offsets"] for lane, one in lanes.items()}
