"""Projects one owner anew from the log, in what is kept, while live workers go on (`portal rebuild --customer`).

The owner is held first, so that nobody else writes it and a busy lane cannot starve this; the log is folded up to
that point, the documents are replaced, what waited is applied, the hold ends. Ended at any moment before the
documents are replaced, the hold stays, says why, and any later run begins again.
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
    """Of the owner, made from the log."""
    replaced: Mapping[int, int]
    """How many were other than they should be, or too many, by generation."""
    waited: int
    """Records that came meanwhile, or had waited before, and were applied then."""


class _GenerationReplacement(NamedTuple):
    """Replacement of an owner's documents in one generation."""

    hold: Hold
    offsets: Offsets
    saving: EncodedWrites
    unreadable: Sequence[UnreadableRecord]
    """That were not known to be."""
    readable: frozenset[LogPosition]
    """That were not before."""


class CustomerRebuild:
    """Projects owners anew; one call at a time."""

    def __init__(
        self,
        store: ReadModelStore,
        topics: Topics,
        log: LogReader,
        writer: TransactionalWriter,
        release: HoldRelease,
    ) -> None:
        """`writer` is open."""
        self._store = store
        self._topics = topics
        self._log = log
        self._writer = writer
        self._release = release

    async def run(self, owner: str, progress: Progress) -> CustomerRebuildResult:
        """Projects an owner, `biz/cus` or `biz`, anew; `progress` is called with the records read and their number.

        Raises RetryFailed where an event of the log cannot be applied (nothing is changed then), or where somebody
        else changes the hold meanwhile; `GenerationNotFound`, Broken, KafkaUnavailable, RecordsMissing.
        """
        lane, run = self._topics.partition(owner.encode()), secrets.token_hex(8)
        made: list[_GenerationReplacement] = []
        documents = 0
        while True:
            try:
                begins = await self._begins(lane)
                holds, offsets = await self._hold(owner, lane, run)
                made, documents = await self._make(owner, lane, holds, begins, offsets, progress)
                await self._replace(lane, made)
                break
            except RevisionConflict:
                continue  # other generations are kept by now
            except HoldChanged:
                runs = {hold.rebuild for hold in await self._release.holds(owner)} - {None}
                if runs - {run}:
                    raise RetryFailed(f"somebody else is projecting {owner} anew: let that end") from None
                if not runs:
                    break  # it was erased; or the documents were replaced, and the answer was lost
        replaced = {one.hold.generation: len(one.saving.operations) for one in made}
        return CustomerRebuildResult(documents, replaced, await self._release.apply_pending(owner))

    async def _kept(self) -> tuple[int, ...]:
        pointer = await self._store.generations.pointer(self._store.version)
        if pointer is None:
            raise GenerationNotFound(
                f"there are no views of version {self._store.version}: `portal rebuild` makes some"
            )
        return pointer.active

    async def _begins(self, lane: int) -> Offsets:
        """Return where a lane's log begins, where that is not 0; raises Broken where it did earlier for what is
        kept."""
        known = await self._writer.read(await self._kept(), [lane])
        beginnings = await self._log.beginning_offsets([lane])
        for (generation, _), one in sorted(known.items()):
            if late := truncation_reasons(
                beginnings, offsets_by_partition([(lane, one.begins)], self._topics)
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

    async def _hold(self, owner: str, lane: int, run: str) -> tuple[list[Hold], dict[int, dict[str, int]]]:
        kept = await self._kept()
        reached: dict[int, dict[str, int]] = {}

        async def begin(session: Any) -> None:
            reached.update(await self._store.holds.begin_rebuild(owner, lane, kept, run, session))

        await self._writer.transact_alongside_worker(lane, kept, begin)
        holds = await self._store.holds.of(owner, kept)
        if [hold.rebuild for hold in holds] != [run] * len(kept):
            raise HoldChanged
        return holds, reached

    async def _make(
        self,
        owner: str,
        lane: int,
        holds: Sequence[Hold],
        begins: Offsets,
        offsets: Mapping[int, Offsets],
        progress: Progress,
    ) -> tuple[list[_GenerationReplacement], int]:
        made, documents = [], 0
        discarded = await self._store.discards.places([lane])
        recomputed: Replay | None = None
        for hold in holds:
            reached = offsets[hold.generation]
            if recomputed is None or not recomputed.is_at(reached):  # all are level, mostly
                found: list[UnreadableRecord] = []
                recomputed = await self._recompute(owner, lane, begins, reached, discarded, found, progress)
            if owner in recomputed.failed:
                await self._abort(lane, holds)
                position, reason = recomputed.failed[owner]
                raise RetryFailed(
                    f"{position.id} cannot be applied: {reason}; {owner} is as before: fix that, or discard"
                    f" the event where it holds its customer"
                )
            fresh = recomputed.fresh.documents_of(owner)
            documents = len(fresh)
            gone = fresh.get(owner, {}).get("erased", False)
            unreadable = {} if gone else {_position(letter): letter for letter in found}
            known = await self._store.dead_letters.unreadable_of(owner, lane, hold.generation)
            views = self._store.views(hold.generation)
            made.append(
                _GenerationReplacement(
                    hold,
                    reached,
                    _diff_writes(await views.of(owner), fresh),
                    [letter for position, letter in unreadable.items() if position not in known],
                    frozenset(
                        one for one in known - unreadable.keys() if one.offset < reached.get(one.topic, 0)
                    ),
                )
            )
        return made, documents

    async def _recompute(
        self,
        owner: str,
        lane: int,
        begins: Offsets,
        offsets: Offsets,
        discarded: frozenset[LogPosition],
        unreadable: list[UnreadableRecord],
        progress: Progress,
    ) -> Replay:
        recomputed = Replay(self._log, self._topics, lane, owner.encode().__eq__, begins)
        recomputed.unreadable = unreadable.append
        through, total = 0, sum(offsets.values()) - sum(begins.values())

        def went_on(records: int) -> None:
            nonlocal through
            through += records
            progress(through, total)

        await recomputed.advance_to(offsets, discarded, went_on)
        return recomputed

    async def _replace(self, lane: int, made: Sequence[_GenerationReplacement]) -> None:
        now = utc_now()

        async def replace(session: Any) -> None:
            for one in made:
                generation = one.hold.generation
                await self._store.holds.finish_rebuild(one.hold, one.offsets, session)
                await self._store.views(generation).write(one.saving, session)
                await self._store.dead_letters.insert(one.unreadable, (), [generation], now, session)
                await self._store.dead_letters.remove_readable(one.readable, generation, session)

        await self._writer.transact_alongside_worker(lane, [one.hold.generation for one in made], replace)

    async def _abort(self, lane: int, holds: Sequence[Hold]) -> None:
        """Have the holds be what they were before, and end those that were none."""

        async def leave(session: Any) -> None:
            for hold in holds:
                await self._store.holds.abort_rebuild(hold, session)

        await self._writer.transact_alongside_worker(lane, [hold.generation for hold in holds], leave)
        if not any(hold.position for hold in holds):
            await self._release.apply_pending(holds[0].owner)


def _position(letter: UnreadableRecord) -> LogPosition:
    return LogPosition(letter.topic, letter.record.partition, letter.record.offset)


def _diff_writes(served: Mapping[str, Doc], fresh: Mapping[str, Doc]) -> EncodedWrites:
    """Return what makes those that are served what they should be; readers see it all at once."""
    other = {
        _id: document
        for _id, document in fresh.items()
        if next(diff_documents({_id: served.get(_id, {})}, {_id: document}), None) is not None
    }
    return encode_replacement(other, served.keys() - fresh.keys())
