"""Operator commands on the quarantine: describe, retry and discard dead letters (docs/contracts/api.md, Command line).

The contents of the quarantine are read through `ReadModelStore.letters` only.
"""

import math
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from typing import Any, Final, NamedTuple

import structlog

from events.envelope import MalformedRecord, Record, decode
from events.topics import Topics
from projectors import log_compatibility
from projectors.installation import Installation
from projectors.kafka.log_reader import LogReader
from projectors.operations.context import open_log, open_store
from projectors.operations.customer_rebuild import CustomerRebuild, CustomerRebuildResult
from projectors.operations.dead_letter_serializers import dead_letter_to_json, discard_to_json, record_to_json
from projectors.operations.hold_release import HoldRelease, RetryFailed
from projectors.replay import owner_of
from read_models.clock import utc_now
from read_models.store import DeadLetter, Discard, ReadModelStore, RevisionConflict, TransactionalWriter
from read_models.store.operational import OperationalStore
from read_models.store.quarantine.dead_letter_queries import parse_id

logger = structlog.get_logger(__name__)


RETRY_TIMEOUT_S: Final = 60.0
"""Longer than a MongoDB failover and than the lifetime of a transaction."""


class DeadLetterNotFound(LookupError):
    """No dead letter has this id (any more)."""


class RetryResult(NamedTuple):
    """Result of a retry or a discard."""

    applied: int
    """Number of records that were applied."""
    owners: Sequence[str]
    """Owners that are no longer held: `biz/cus`, `biz`."""


class Quarantine:
    """Retries and discards dead letters; allows one call at a time. `open_quarantine` creates one."""

    def __init__(
        self, store: ReadModelStore, topics: Topics, log: LogReader, writer: TransactionalWriter
    ) -> None:
        """Take an open *writer*."""
        self._store = store
        self._topics = topics
        self._writer = writer
        self._release = HoldRelease(store, topics, log, writer)
        self._customer_rebuild = CustomerRebuild(store, topics, log, writer, self._release)
        self._audit = OperationalStore(store.database).audit

    async def rebuild_customer(
        self, owner: str, by: str, progress: Callable[[int, int], None] = lambda *_: None
    ) -> CustomerRebuildResult:
        """Rebuild an owner (`biz/cus`, `biz`) from the log in all active generations; see `CustomerRebuild`."""
        business, _, customer = owner.partition("/")
        about = (business, customer or None)
        await self._audit.note(by, "customer.rebuild", owner, None, utc_now(), owner=about)
        return await self._customer_rebuild.run(owner, progress)

    async def retry(self, name: str, by: str) -> RetryResult:
        """Apply a held event and all records waiting behind it, and end the hold, in all active generations.

        The customer of an unreadable record that can be read by now is rebuilt instead: applying the record late would
        change the order of events. `by` is the operator as in the audit. Raises DeadLetterNotFound, RetryFailed,
        LogMismatch, KafkaUnavailable, RecordsMissing; StoreUnavailable once the retry timeout of the writer has passed.
        """
        dead_letters = await self._find_dead_letters(name)
        await self._audit.note(by, "dead_letter.retry", name, None, utc_now())
        owners, applied = [], 0
        for dead_letter in dead_letters:
            if dead_letter.kind == "unreadable":
                owners.append(await self._owner_of_readable(dead_letter))
                applied += (await self.rebuild_customer(owners[-1], by)).waited
            elif dead_letter.owner is not None:
                if not await self._release.holds(dead_letter.owner):
                    raise RetryFailed(
                        f"{name} is in generation {dead_letter.generations} only, which is not kept"
                    )
                owners.append(dead_letter.owner)
                applied += await self._resume(dead_letter.owner, by)
        return RetryResult(applied, owners)

    async def discard(self, name: str, by: str, why: str) -> RetryResult:
        """Exclude a record for good from all generations, and apply the records waiting behind it.

        `by` is the operator as in the audit, `why` the reason. Raises as `retry` does; RetryFailed if a waiting record
        cannot be applied either: the discard stays in effect then.
        """
        dead_letters = await self._find_dead_letters(name)
        position, lane = dead_letters[0].position, dead_letters[0].lane
        if position is None:
            raise RetryFailed(
                f"no event holds {dead_letters[0].owner}: there is nothing to discard; retry {name}"
            )

        owner, at = (dead_letters[0].business, dead_letters[0].customer), utc_now()
        discard = Discard(position, by, why, dead_letters[0].error, at)

        async def exclude(session: Any) -> None:
            await self._store.discards.put(discard, owner, session)
            await self._store.holds.discard(position, session)
            await self._audit.note(by, "dead_letter.discard", name, why, at, owner=owner, session=session)

        while True:
            try:
                await self._writer.transact_alongside_worker(
                    lane, await self._writer.generations_of(lane), exclude
                )
                break
            except RevisionConflict:
                continue
        logger.info("discarded", letter=name, by=by)
        owners = [
            dead_letter.owner
            for dead_letter in dead_letters
            if dead_letter.kind == "held" and dead_letter.owner
        ]
        return RetryResult(sum([await self._resume(owner, by) for owner in owners]), owners)

    async def _find_dead_letters(self, name: str) -> list[DeadLetter]:
        dead_letters = await self._store.letters.find(name)
        if not dead_letters:
            raise DeadLetterNotFound(f"there is no dead letter {name}: see `portal dead-letters list`")
        return dead_letters

    async def _owner_of_readable(self, dead_letter: DeadLetter) -> str:
        """Return the owner of a record that was unreadable; raise RetryFailed if it still is."""
        (record,) = await self._release.read([dead_letter.position] if dead_letter.position else [])
        try:
            return owner_of(decode(record, self._topics))
        except MalformedRecord as malformed:
            raise RetryFailed(
                f"{dead_letter.id} still cannot be read: {malformed.reason}; discard it, or run a version that reads it"
            ) from None

    async def _resume(self, owner: str, by: str) -> int:
        """End the hold of an owner by release or rebuild, as it began; return the number of applied records."""
        if any(hold.rebuild for hold in await self._release.holds(owner)):
            return (await self.rebuild_customer(owner, by)).waited
        return await self._release.apply_pending(owner)


async def describe(installation: Installation, store: ReadModelStore, name: str) -> dict[str, Any]:
    """Return a dead letter with its record and its discard, as JSON: `letters`, `record`, `discard`.

    Kafka is read only for records that MongoDB does not store: events that hold their customer.
    Raises DeadLetterNotFound, StoreUnavailable; if Kafka is read also KafkaUnavailable, InvalidTopics, LogMismatch,
    RecordsMissing.
    """
    position, _ = parse_id(name)
    dead_letters = await store.letters.find(name)
    discarded = await store.discards.find(position) if position else None
    if not dead_letters and discarded is None:
        raise DeadLetterNotFound(f"there is no dead letter {name}: see `portal dead-letters list`")
    record = await _record(installation, store, dead_letters[0]) if dead_letters else None
    return {
        "letters": [dead_letter_to_json(dead_letter) for dead_letter in dead_letters],
        "record": record and record_to_json(record, dead_letters[0]),
        "discard": discarded and discard_to_json(discarded),
    }


async def _record(
    installation: Installation, store: ReadModelStore, dead_letter: DeadLetter
) -> Record | None:
    if dead_letter.position is None or dead_letter.record is not None:
        return _stored_record(dead_letter, installation.topic_prefix)
    async with open_log(installation) as (cluster, log):
        await log_compatibility.check(store, cluster, log)
        place = cluster.topics.name(dead_letter.position.topic), dead_letter.position.lane
        return (await log.read_offsets(place, [dead_letter.position.offset]))[0]


def _stored_record(dead_letter: DeadLetter, prefix: str) -> Record | None:
    """Return an unreadable record as stored, possibly truncated; None for a hold without an event."""
    if dead_letter.record is None or dead_letter.position is None:
        return None
    topic, lane, offset = dead_letter.position
    stored = dead_letter.record
    headers = [tuple(one) for one in stored["headers"]]
    return Record(prefix + topic, lane, offset, stored["timestamp"], stored["key"], stored["value"], headers)


@asynccontextmanager
async def open_quarantine(installation: Installation) -> AsyncIterator[tuple[ReadModelStore, Quarantine]]:
    """Yield an installation's store and its quarantine.

    Raises StoreUnavailable, KafkaUnavailable, InvalidTopics, LogMismatch.
    """
    async with (
        open_store(installation) as store,
        open_quarantine_of_store(installation, store, RETRY_TIMEOUT_S) as service,
    ):
        yield store, service


@asynccontextmanager
async def open_quarantine_of_store(
    installation: Installation, store: ReadModelStore, retry_timeout_s: float = math.inf
) -> AsyncIterator[Quarantine]:
    """Yield the quarantine over an open store; failing transactions are retried for `retry_timeout_s`.

    Raises StoreUnavailable, KafkaUnavailable, InvalidTopics, LogMismatch.
    """
    async with open_log(installation) as (cluster, log):
        await log_compatibility.check(store, cluster, log)
        writer = store.writer(retry_timeout_s)
        await writer.open()
        try:
            yield Quarantine(store, cluster.topics, log, writer)
        finally:
            await writer.close()
