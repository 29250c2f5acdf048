"""The quarantine, for operators: what is in it, retry after a fix, discard (API.md, "Command line").

A held customer's records are applied in steps, each a transaction that leaves the hold where it can be gone on from:
ended at any moment, the next retry finishes. What is in the quarantine is read by `Store.letters` alone.
"""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime
from typing import Any, Final, NamedTuple

import structlog

from events.envelope import Malformed, Record, decode
from events.topics import Topics
from projectors import opening
from projectors.batch import Batches, CannotApply
from projectors.installation import Installation
from projectors.kafka import Log
from read_models.store import (
    Batch,
    CompareFailed,
    Discard,
    Hold,
    HoldChanged,
    Letter,
    Position,
    Store,
    Unstorable,
    Writer,
)
from read_models.store.letters import parse
from read_models.store.records import Records

logger = structlog.get_logger(__name__)

STEP_EVENTS: Final = 500
"""Records that wait and are applied in one transaction."""


class NoSuchLetter(LookupError):
    """There is no dead letter of that name (any more)."""


class StillFails(Exception):
    """What was to be mended still cannot be applied; the text names the place and says why and what to do."""


class Mended(NamedTuple):
    """What a retry or a discard came to."""

    applied: int
    """Records that were applied."""
    owners: Sequence[str]
    """Who is not held any more: `biz/cus`, `biz`."""


class Quarantine:
    """Retries and discards; one call at a time. `opened` makes one."""

    def __init__(self, store: Store, topics: Topics, log: Log, writer: Writer) -> None:
        """`writer` is open."""
        self._store = store
        self._topics = topics
        self._log = log
        self._writer = writer
        self._audit = Records(store.database).audit

    async def discard_of(self, name: str) -> Discard | None:
        """Who took out the record that a dead letter of this name was, and why; None when nobody did."""
        position, _ = parse(name)
        return await self._store.discards.find(position) if position else None

    async def record(self, letter: Letter) -> Record | None:
        """The record of a dead letter: of an unreadable one as it was kept, maybe cut, else from the log.

        None where there is none. Raises KafkaAway, LogGap.
        """
        if (kept := letter.record) is not None and letter.position is not None:
            name = self._topics.name(letter.position.topic)
            rest = kept["timestamp"], kept["key"], kept["value"], [tuple(one) for one in kept["headers"]]
            return Record(name, letter.position.lane, letter.position.offset, *rest)
        return (await self._read([letter.position]))[0] if letter.position else None

    async def retry(self, name: str, by: str) -> Mended:
        """Applies a held event and all that waited in order, and ends the hold, in every generation that is kept.

        `by` is who asks, as in the audit. Raises NoSuchLetter, StillFails, KafkaAway, LogGap; waits while MongoDB is
        away, until cancelled.
        """
        letters = await self._letters(name)
        await self._audit.note(by, "dead_letter.retry", name, None, datetime.now(UTC))
        for letter in letters:
            if letter.kind == "unreadable":
                await self._check_readable(letter)
        owners = [letter.owner for letter in letters if letter.owner is not None]
        for owner in owners:
            if not await self._kept_holds(owner):
                raise StillFails(
                    f"{name} is held in generation {letters[0].generations} only, which is not kept"
                )
        return Mended(sum([await self.release(owner) for owner in owners]), owners)

    async def discard(self, name: str, by: str, why: str) -> Mended:
        """Takes a record out for good, in every generation, and applies what waited behind it.

        `by` is who asks, as in the audit, `why` the reason. Raises as `retry` does; StillFails when what waited
        cannot be applied either: the record is discarded then.
        """
        letters = await self._letters(name)
        position, lane = letters[0].position, letters[0].lane
        if position is None:
            raise StillFails(f"no event holds {letters[0].owner}: there is nothing to discard; retry {name}")

        owner, at = (letters[0].business, letters[0].customer), datetime.now(UTC)
        discard = Discard(position, by, why, letters[0].error, at)

        async def take_out(session: Any) -> None:
            await self._store.discards.put(discard, owner, session)
            await self._store.holds.take_out(position, session)
            await self._audit.note(by, "dead_letter.discard", name, why, at, owner=owner, session=session)

        while True:
            try:
                await self._writer.beside(lane, await self._writer.generations_of(lane), take_out)
                break
            except CompareFailed:
                continue
        logger.info("discarded", letter=name, by=by)
        owners = [letter.owner for letter in letters if letter.kind == "held" and letter.owner]
        return Mended(sum([await self.release(owner) for owner in owners]), owners)

    async def release(self, owner: str) -> int:
        """Applies what an owner's hold keeps back, step by step, and ends it; answers how many records that were.

        Raises StillFails.
        """
        applied, most = 0, STEP_EVENTS
        while holds := await self._kept_holds(owner):
            try:
                applied += await self._step(holds, most)
            except (CompareFailed, HoldChanged):
                continue
            except (CannotApply, Unstorable) as error:
                if most == 1:
                    raise await self._stays(holds, str(error)) from error
                most = max(1, most // 4)
        return applied

    async def _letters(self, name: str) -> list[Letter]:
        letters = await self._store.letters.find(name)
        if not letters:
            raise NoSuchLetter(f"there is no dead letter {name}: see `portal dead-letters list`")
        return letters

    async def _check_readable(self, letter: Letter) -> None:
        (record,) = await self._read([letter.position] if letter.position else [])
        try:
            decode(record, self._topics)
        except Malformed as malformed:
            raise StillFails(
                f"{letter.id} still cannot be read: {malformed.reason}; discard it, or run a version that reads it"
            ) from None
        raise StillFails(
            f"{letter.id} can be read now; `portal rebuild --customer {letter.owner}` mends its customer with it"
        )

    async def _kept_holds(self, owner: str) -> list[Hold]:
        pointer = await self._store.generations.pointer(self._store.version)
        return await self._store.holds.of(owner, pointer.kept) if pointer else []

    async def _step(self, holds: Sequence[Hold], most: int) -> int:
        """Applies the first records that a hold keeps back, at most so many, in all generations at once."""
        discarded = await self._writer.discarded({hold.lane for hold in holds})
        made: list[tuple[Hold, list[Position], Batch | None]] = []
        for hold in holds:
            batches = Batches(self._writer, self._topics, most)
            batches.discarded = discarded
            positions = await self._store.holds.pending(hold, most)
            records = next(batches.parts(await self._read(positions)), ())
            views = self._store.views(hold.generation)
            batch = await batches.make(await batches.read(records), views) if records else None
            made.append((hold, positions[: len(records)], batch))

        now = datetime.now(UTC)

        async def write(session: Any) -> None:
            for hold, positions, batch in made:
                if batch is not None:
                    await self._writer.erase(batch.saving.erase, session)
                    await self._store.views(hold.generation).write(batch.saving, session)
                    await self._store.dead_letters.write(batch.letters, (), [hold.generation], now, session)
                if batch is None or not batch.saving.erase:  # which ends the hold, too
                    await self._store.holds.go_on(hold, positions, session)

        counts = {hold.generation: batch.steps[hold.lane].counts for hold, _, batch in made if batch}
        await self._writer.beside(holds[0].lane, [hold.generation for hold in holds], write, counts)
        return max(len(positions) for _, positions, _ in made)

    async def _stays(self, holds: Sequence[Hold], reason: str) -> StillFails:
        """Has the records that come next be what holds; the error to raise."""
        places = [(hold, (await self._store.holds.pending(hold, 1))[0]) for hold in holds]

        async def stay(session: Any) -> None:
            for hold, position in places:
                await self._store.holds.stay(hold, position, reason, session)

        await self._writer.beside(holds[0].lane, [hold.generation for hold in holds], stay)
        return StillFails(
            f"{places[0][1].id} cannot be applied: {reason}; {holds[0].owner} still waits: fix that and retry,"
            " or discard it"
        )

    async def _read(self, positions: Sequence[Position]) -> list[Record]:
        """The records at places, in the order of these."""
        found: dict[Position, Record] = {}
        for topic, lane in dict.fromkeys((one.topic, one.lane) for one in positions):
            offsets = [one.offset for one in positions if (one.topic, one.lane) == (topic, lane)]
            for record in await self._log.at((self._topics.name(topic), lane), offsets):
                found[Position(topic, lane, record.offset)] = record
        return [found[one] for one in positions]


@asynccontextmanager
async def opened(installation: Installation) -> AsyncIterator[tuple[Store, Quarantine]]:
    """The store of an installation, and its quarantine; raises `Unavailable`, KafkaAway, TopicsUnfit."""
    async with opening.opened(installation) as (store, cluster, log):
        writer = store.writer()
        await writer.open()
        try:
            yield store, Quarantine(store, cluster.topics, log, writer)
        finally:
            await writer.close()
