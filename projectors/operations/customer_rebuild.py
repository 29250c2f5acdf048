"""Rebuild of one owner from the log, in all active generations, beside live workers (`portal rebuild --customer`).

The owner is held first, so that nobody else writes its documents and a busy lane cannot starve the rebuild. Then the
log is folded up to that point, the documents are replaced, the waiting records are applied and the hold ends. If the
rebuild is interrupted before the documents are replaced, the hold stays with its reason and any later run starts over.
"""

import secrets
from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

import structlog

from events.topics import Topics
from projectors.kafka.log_reader import LogReader
from projectors.log_compatibility import LogMismatch, offsets_by_partition, truncation_reasons
from projectors.operations.hold_release import HoldRelease, RetryFailed
from projectors.replay import Replay
from read_models.clock import utc_now
from read_models.diff import diff_documents
from read_models.documents import Doc
from read_models.store import (
    EncodedWrites,
    GenerationNotFound,
    Hold,
    HoldChanged,
    LogPosition,
    ReadModelStore,
    RevisionConflict,
    TransactionalWriter,
    UnreadableRecord,
    encode_replacement,
)

logger = structlog.get_logger(__name__)

Offsets = Mapping[str, int]
Progress = Callable[[int, int], None]


class CustomerRebuildResult(NamedTuple):
    """Result of the rebuild of one owner."""

    documents: int
    """Documents of the owner computed from the log."""
    replaced: Mapping[int, int]
    """Number of wrong or surplus documents that were replaced, by generation."""
    waited: int
    """Records that had waited, or arrived during the rebuild, and were applied at its end."""


class _GenerationReplacement(NamedTuple):
    """Replacement of an owner's documents in one generation."""

    hold: Hold
    offsets: Offsets
    saving: EncodedWrites
    unreadable: Sequence[UnreadableRecord]
    """Unreadable records that were not in the quarantine yet."""
    readable: frozenset[LogPosition]
    """Records in the quarantine that can be read by now."""


class CustomerRebuild:
    """Rebuilds owners; allows one call at a time."""

    def __init__(
        self,
        store: ReadModelStore,
        topics: Topics,
        log: LogReader,
        writer: TransactionalWriter,
        release: HoldRelease,
    ) -> None:
        """Take an open *writer*."""
        self._store = store
        self._topics = topics
        self._log = log
        self._writer = writer
        self._release = release

    async def run(self, owner: str, progress: Progress) -> CustomerRebuildResult:
        """Rebuild an owner, `biz/cus` or `biz`; report records read and their total to *progress*.

        Raises RetryFailed if an event of the log cannot be applied (nothing is changed then) or if another process
        changes the hold; GenerationNotFound, LogMismatch, KafkaUnavailable, RecordsMissing.
        """
        lane, run = self._topics.partition(owner.encode()), secrets.token_hex(8)
        replacements: list[_GenerationReplacement] = []
        documents = 0
        while True:
            try:
                first_offsets = await self._first_offsets(lane)
                holds, offsets = await self._begin_holds(owner, lane, run)
                replacements, documents = await self._compute_replacements(
                    owner, lane, holds, first_offsets, offsets, progress
                )
                await self._replace(lane, replacements)
                break
            except RevisionConflict:
                continue  # the set of active generations has changed
            except HoldChanged:
                runs = {hold.rebuild for hold in await self._release.holds(owner)} - {None}
                if runs - {run}:
                    raise RetryFailed(f"somebody else is projecting {owner} anew: let that end") from None
                if not runs:
                    break  # it was erased; or the documents were replaced, and the answer was lost
        replaced = {one.hold.generation: len(one.saving.operations) for one in replacements}
        return CustomerRebuildResult(documents, replaced, await self._release.apply_pending(owner))

    async def _active_generations(self) -> tuple[int, ...]:
        pointer = await self._store.generations.pointer(self._store.version)
        if pointer is None:
            raise GenerationNotFound(
                f"there are no views of version {self._store.version}: `portal rebuild` makes some"
            )
        return pointer.active

    async def _first_offsets(self, lane: int) -> Offsets:
        """Return the first offset of each topic of a lane whose log does not begin at offset 0.

        Raises LogMismatch if the log began earlier when an active generation was filled.
        """
        checkpoints = await self._writer.read(await self._active_generations(), [lane])
        beginnings = await self._log.beginning_offsets([lane])
        for (generation, _), checkpoint in sorted(checkpoints.items()):
            if late := truncation_reasons(
                beginnings, offsets_by_partition([(lane, checkpoint.begins)], self._topics)
            ):
                raise LogMismatch(
                    f"generation {generation} holds more than could be made again: {late[0]}; where it only stands by,"
                    f" `portal generations drop {generation}`, then again"
                )
        return {
            self._topics.unprefixed_by_name[name]: offset
            for (name, _), offset in beginnings.items()
            if offset
        }

    async def _begin_holds(
        self, owner: str, lane: int, run: str
    ) -> tuple[list[Hold], dict[int, dict[str, int]]]:
        active = await self._active_generations()
        applied: dict[int, dict[str, int]] = {}

        async def begin(session: Any) -> None:
            applied.update(await self._store.holds.begin_rebuild(owner, lane, active, run, session))

        await self._writer.transact_alongside_worker(lane, active, begin)
        holds = await self._store.holds.of(owner, active)
        if [hold.rebuild for hold in holds] != [run] * len(active):
            raise HoldChanged
        return holds, applied

    async def _compute_replacements(
        self,
        owner: str,
        lane: int,
        holds: Sequence[Hold],
        first_offsets: Offsets,
        offsets: Mapping[int, Offsets],
        progress: Progress,
    ) -> tuple[list[_GenerationReplacement], int]:
        replacements, documents = [], 0
        discarded = await self._store.discards.places([lane])
        recomputed: Replay | None = None
        for hold in holds:
            applied = offsets[hold.generation]
            # Generations have usually applied the same offsets and share one replay.
            if recomputed is None or not recomputed.is_at(applied):
                unreadable_records: list[UnreadableRecord] = []
                recomputed = await self._recompute(
                    owner, lane, first_offsets, applied, discarded, unreadable_records, progress
                )
            if owner in recomputed.failed:
                await self._abort(lane, holds)
                position, reason = recomputed.failed[owner]
                raise RetryFailed(
                    f"{position.id} cannot be applied: {reason}; {owner} is as before: fix that, or discard"
                    f" the event where it holds its customer"
                )
            fresh = recomputed.fresh.documents_of(owner)
            documents = len(fresh)
            erased = fresh.get(owner, {}).get("erased", False)
            unreadable = (
                {} if erased else {_position(dead_letter): dead_letter for dead_letter in unreadable_records}
            )
            quarantined = await self._store.dead_letters.unreadable_of(owner, lane, hold.generation)
            views = self._store.views(hold.generation)
            replacements.append(
                _GenerationReplacement(
                    hold,
                    applied,
                    _diff_writes(await views.of(owner), fresh),
                    [
                        dead_letter
                        for position, dead_letter in unreadable.items()
                        if position not in quarantined
                    ],
                    frozenset(
                        one
                        for one in quarantined - unreadable.keys()
                        if one.offset < applied.get(one.topic, 0)
                    ),
                )
            )
        return replacements, documents

    async def _recompute(
        self,
        owner: str,
        lane: int,
        first_offsets: Offsets,
        offsets: Offsets,
        discarded: frozenset[LogPosition],
        unreadable: list[UnreadableRecord],
        progress: Progress,
    ) -> Replay:
        recomputed = Replay(self._log, self._topics, lane, owner.encode().__eq__, first_offsets)
        recomputed.unreadable = unreadable.append
        records_read, total = 0, sum(offsets.values()) - sum(first_offsets.values())

        def on_records(records: int) -> None:
            nonlocal records_read
            records_read += records
            progress(records_read, total)

        await recomputed.advance_to(offsets, discarded, on_records)
        return recomputed

    async def _replace(self, lane: int, replacements: Sequence[_GenerationReplacement]) -> None:
        now = utc_now()

        async def replace(session: Any) -> None:
            for one in replacements:
                generation = one.hold.generation
                await self._store.holds.finish_rebuild(one.hold, one.offsets, session)
                await self._store.views(generation).write(one.saving, session)
                await self._store.dead_letters.insert(one.unreadable, (), [generation], now, session)
                await self._store.dead_letters.remove_readable(one.readable, generation, session)

        await self._writer.transact_alongside_worker(
            lane, [one.hold.generation for one in replacements], replace
        )

    async def _abort(self, lane: int, holds: Sequence[Hold]) -> None:
        """Restore the holds as they were before the rebuild, and end those that it began."""

        async def leave(session: Any) -> None:
            for hold in holds:
                await self._store.holds.abort_rebuild(hold, session)

        await self._writer.transact_alongside_worker(lane, [hold.generation for hold in holds], leave)
        if not any(hold.position for hold in holds):
            await self._release.apply_pending(holds[0].owner)


def _position(dead_letter: UnreadableRecord) -> LogPosition:
    return LogPosition(dead_letter.topic, dead_letter.record.partition, dead_letter.record.offset)


def _diff_writes(served: Mapping[str, Doc], fresh: Mapping[str, Doc]) -> EncodedWrites:
    """Return the writes that turn the served documents into the fresh ones, in one transaction."""
    changed = {
        _id: document
        for _id, document in fresh.items()
        if next(diff_documents({_id: served.get(_id, {})}, {_id: document}), None) is not None
    }
    return encode_replacement(changed, served.keys() - fresh.keys())
