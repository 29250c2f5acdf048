"""The quarantine, for operators: what is in it, retry after a fix, discard (API.md, "Command line").

What is in the quarantine is read by `ReadModelStore.letters` alone.
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
from projectors.operations.dead_letter_serializers import of_discard, of_letter, of_record
from projectors.operations.hold_release import HoldRelease, RetryFailed
from projectors.replay import owner_of
from read_models.clock import utc_now
from read_models.store import DeadLetter, Discard, ReadModelStore, RevisionConflict, TransactionalWriter
from read_models.store.operational import OperationalStore
from read_models.store.quarantine.dead_letter_queries import parse_id

logger = structlog.get_logger(__name__)


RETRY_TIMEOUT_S: Final = 60.0
"""How long a transaction may fail: longer than servers take to change over, and than MongoDB lets one be open."""


class DeadLetterNotFound(LookupError):
    """There is no dead letter of that name (any more)."""


class RetryResult(NamedTuple):
    """Result of a retry or a discard."""

    applied: int
    """Records that were applied."""
    owners: Sequence[str]
    """Who is not held any more: `biz/cus`, `biz`."""


class Quarantine:
    """Retries and discards; one call at a time. `open_quarantine` makes one."""

    def __init__(
        self, store: ReadModelStore, topics: Topics, log: LogReader, writer: TransactionalWriter
    ) -> None:
        """`writer` is open."""
        self._store = store
        self._topics = topics
        self._writer = writer
        self._release = HoldRelease(store, topics, log, writer)
        self._anew = CustomerRebuild(store, topics, log, writer, self._release)
        self._audit = OperationalStore(store.database).audit

    async def rebuild_customer(
        self, owner: str, by: str, progress: Callable[[int, int], None] = lambda *_: None
    ) -> CustomerRebuildResult:
        """Projects an owner (`biz/cus`, `biz`) again from the log, in every generation that is kept (see
        `CustomerRebuild`)."""
        business, _, customer = owner.partition("/")
        about = (business, customer or None)
        await self._audit.note(by, "customer.rebuild", owner, None, utc_now(), owner=about)
        return await self._anew.run(owner, progress)

    async def retry(self, name: str, by: str) -> RetryResult:
        """Apply a held event and all that waited in order, and end the hold, in every generation that is kept.

        The customer of an unreadable record that can be read by now is projected anew: to apply it late would be wrong.
        `by` is who asks, as in the audit. Raises DeadLetterNotFound, RetryFailed, Broken, KafkaUnavailable,
        RecordsMissing; `StoreUnavailable` when MongoDB does not answer for longer than the writer has patience.
        """
        letters = await self._letters(name)
        await self._audit.note(by, "dead_letter.retry", name, None, utc_now())
        owners, applied = [], 0
        for letter in letters:
            if letter.kind == "unreadable":
                owners.append(await self._readable(letter))
                applied += (await self.rebuild_customer(owners[-1], by)).waited
            elif letter.owner is not None:
                if not await self._release.holds(letter.owner):
                    raise RetryFailed(f"{name} is in generation {letter.generations} only, which is not kept")
                owners.append(letter.owner)
                applied += await self._resume(letter.owner, by)
        return RetryResult(applied, owners)

    async def discard(self, name: str, by: str, why: str) -> RetryResult:
        """Take a record out for good, in every generation, and apply what waited behind it.

        `by` is who asks, as in the audit, `why` the reason. Raises as `retry` does; RetryFailed when what waited
        cannot be applied either: the record is discarded then.
        """
        letters = await self._letters(name)
        position, lane = letters[0].position, letters[0].lane
        if position is None:
            raise RetryFailed(f"no event holds {letters[0].owner}: there is nothing to discard; retry {name}")

        owner, at = (letters[0].business, letters[0].customer), utc_now()
        discard = Discard(position, by, why, letters[0].error, at)

        async def take_out(session: Any) -> None:
            await self._store.discards.put(discard, owner, session)
            await self._store.holds.discard(position, session)
            await self._audit.note(by, "dead_letter.discard", name, why, at, owner=owner, session=session)

        while True:
            try:
                await self._writer.transact_alongside_worker(
                    lane, await self._writer.generations_of(lane), take_out
                )
                break
            except RevisionConflict:
                continue
        logger.info("discarded", letter=name, by=by)
        owners = [letter.owner for letter in letters if letter.kind == "held" and letter.owner]
        return RetryResult(sum([await self._resume(owner, by) for owner in owners]), owners)

    async def _letters(self, name: str) -> list[DeadLetter]:
        letters = await self._store.letters.find(name)
        if not letters:
            raise DeadLetterNotFound(f"there is no dead letter {name}: see `portal dead-letters list`")
        return letters

    async def _readable(self, letter: DeadLetter) -> str:
        """Return whose an unreadable record is, which can be read by now; raises RetryFailed."""
        (record,) = await self._release.read([letter.position] if letter.position else [])
        try:
            return owner_of(decode(record, self._topics))
        except MalformedRecord as malformed:
            raise RetryFailed(
                f"{letter.id} still cannot be read: {malformed.reason}; discard it, or run a version that reads it"
            ) from None

    async def _resume(self, owner: str, by: str) -> int:
        """End an owner's hold, as it was begun; answer how many records were applied."""
        if any(hold.rebuild for hold in await self._release.holds(owner)):
            return (await self.rebuild_customer(owner, by)).waited
        return await self._release.apply_pending(owner)


async def describe(installation: Installation, store: ReadModelStore, name: str) -> dict[str, Any]:
    """Return a dead letter with its record, and its discard, as JSON: `letters`, `record`, `discard`.

    Kafka is asked only for a record that MongoDB does not keep: that of an event which holds its customer.
    Raises DeadLetterNotFound, `StoreUnavailable`; where Kafka is asked, KafkaUnavailable, InvalidTopics, Broken,
    RecordsMissing.
    """
    position, _ = parse_id(name)
    letters = await store.letters.find(name)
    discarded = await store.discards.find(position) if position else None
    if not letters and discarded is None:
        raise DeadLetterNotFound(f"there is no dead letter {name}: see `portal dead-letters list`")
    record = await _record(installation, store, letters[0]) if letters else None
    return {
        "letters": [of_letter(letter) for letter in letters],
        "record": record and of_record(record, letters[0]),
        "discard": discarded and of_discard(discarded),
    }


async def _record(installation: Installation, store: ReadModelStore, letter: DeadLetter) -> Record | None:
    if letter.position is None or letter.record is not None:
        return _kept(letter, installation.topic_prefix)
    async with open_log(installation) as (cluster, log):
        await log_compatibility.check(store, cluster, log)
        place = cluster.topics.name(letter.position.topic), letter.position.lane
        return (await log.read_offsets(place, [letter.position.offset]))[0]


def _kept(letter: DeadLetter, prefix: str) -> Record | None:
    """Return an unreadable record as it was kept, maybe cut; None of a hold that no event began."""
    if letter.record is None or letter.position is None:
        return None
    topic, lane, offset = letter.position
    kept = letter.record
    headers = [tuple(one) for one in kept["headers"]]
    return Record(prefix + topic, lane, offset, kept["timestamp"], kept["key"], kept["value"], headers)


@asynccontextmanager
async def open_quarantine(installation: Installation) -> AsyncIterator[tuple[ReadModelStore, Quarantine]]:
    """Yield the store of an installation, and its quarantine; raises `StoreUnavailable`, KafkaUnavailable,
    InvalidTopics, Broken."""
    async with (
        open_store(installation) as store,
        open_quarantine_of_store(installation, store, RETRY_TIMEOUT_S) as opened,
    ):
        yield store, opened


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
