"""What tests of retry, discard and customer rebuilds share: a customer held in two generations, on the sample's log."""

from collections.abc import AsyncIterator, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import Any, cast

import pytest

from events.envelope import Record
from projectors.kafka.log_reader import LogReader
from projectors.operations.quarantine import Quarantine
from projectors.processing.projector import Projector
from read_models.documents import Doc
from read_models.projection import VERSION
from read_models.store import ReadModelStore
from tests.integration.projector.harness import LANES, SAMPLE, TOPICS, views
from tests.integration.projector.test_holds import VICTIM, raising_for
from tests.integration.projector.test_lanes import second_generation

KEPT = (1, 2)
WRITTEN = ("views_1", "views_2", "checkpoints", "holds", "waiting", "quarantine", "discards")
SMALL = [r for r in SAMPLE if r.key in (VICTIM.encode(), b"biz_s0")][:40]
"""The first records of one customer and of the business: a few commands more for each are no other commands."""


class SampleLog:
    """A log that is records, read by place."""

    def __init__(self, records: Sequence[Record] = SAMPLE) -> None:
        self.records = records

    async def beginning_offsets(self, lanes: Iterable[int]) -> dict[tuple[str, int], int]:
        return {(name, lane): 0 for name in TOPICS.names for lane in lanes}

    async def read_offsets(self, place: tuple[str, int], offsets: Iterable[int]) -> list[Record]:
        wanted = set(offsets)
        return [r for r in self.records if (r.topic, r.partition) == place and r.offset in wanted]

    async def scan(self, place: tuple[str, int], start: int, end: int) -> AsyncIterator[list[Record]]:
        yield [r for r in self.records if (r.topic, r.partition) == place and start <= r.offset < end]


@asynccontextmanager
async def quarantine(store: ReadModelStore, records: Sequence[Record] = SAMPLE) -> AsyncIterator[Quarantine]:
    """That of a store, on a log."""
    writer = store.writer()
    await writer.open()
    try:
        yield Quarantine(store, TOPICS, cast("LogReader", SampleLog(records)), writer)
    finally:
        await writer.close()


async def two_kept(store: ReadModelStore) -> None:
    """A standby beside what is served."""
    await second_generation(store)
    await store.database["pointers"].update_one({"_id": VERSION}, {"$set": {"standby": 2}})


async def apply(store: ReadModelStore, log: Sequence[Record]) -> None:
    """Applies a log as a live worker does."""
    applier = Projector(store, TOPICS)
    await applier.take_over(LANES)
    await applier.apply(log)
    await applier.close()


async def held(store: ReadModelStore, monkeypatch: pytest.MonkeyPatch, log: Sequence[Record] = SAMPLE) -> str:
    """Applies a log in two generations while the fold raises for one customer; the name of the dead letter."""
    await two_kept(store)
    with monkeypatch.context() as patched:
        raising_for(VICTIM, patched)
        await apply(store, log)
    (letter,) = await store.letters.latest(10)
    assert (letter.kind, letter.owner, letter.generations) == ("held", VICTIM, [1, 2])
    assert letter.waiting == await store.database["waiting"].count_documents({"generation": 1}) > 20
    return letter.id


async def assert_whole(store: ReadModelStore, expected: dict[str, Doc]) -> None:
    """Both generations are as expected, and nothing is in quarantine."""
    for generation in KEPT:
        assert await views(store, generation) == expected
        assert await store.dead_letters.counts(generation) == (0, 0)


async def saved(store: ReadModelStore) -> dict[str, list[Any]]:
    """All that a retry or a rebuild may write."""
    return {name: await store.database[name].find().to_list(None) for name in WRITTEN}


async def restore(store: ReadModelStore, documents: dict[str, list[Any]]) -> None:
    """Makes it what it was."""
    for name, those in documents.items():
        await store.database[name].delete_many({})
        if those:
            await store.database[name].insert_many(those)
