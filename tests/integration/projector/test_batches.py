"""The applier against a real MongoDB: a log gives the documents of its fold, whatever the batches."""

from datetime import UTC, datetime
from typing import Any

import pytest

from events.envelope import Record
from projectors.processing import batch_builder as batch_module
from projectors.processing.projector import Projector
from read_models.store import ReadModelStore
from read_models.store.views import EncodedWrites, ViewCollection
from tests.integration.projector.harness import (
    ENDS,
    LANES,
    SAMPLE,
    STRUCTURED,
    TOPICS,
    checkpoint,
    expected_documents,
    views,
)


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_log_gives_the_documents_of_its_fold_whatever_the_batch(
    store: ReadModelStore, size: int
) -> None:
    applier = Projector(store, TOPICS, batch_events=size)
    assert set((await applier.take_over(LANES)).values()) == {0}
    await applier.apply(SAMPLE)
    assert await views(store) == expected_documents()
    assert applier.applied == len(SAMPLE)
    await applier.close()


async def test_documents_are_the_same_when_few_of_them_are_kept_between_batches(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "CACHED_DOCUMENTS", 5)
    applier = Projector(store, TOPICS, batch_events=25)
    await applier.take_over(LANES)
    for begin in range(0, len(SAMPLE), 100):
        await applier.apply(SAMPLE[begin : begin + 100])
    assert await views(store) == expected_documents()
    await applier.close()


async def test_a_transaction_holds_no_more_documents_than_it_may(
    store: ReadModelStore, applier: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(batch_module, "BATCH_DOCUMENTS", 20)
    real, written = ViewCollection.write, []

    async def noted(self: ViewCollection, batch: EncodedWrites, session: Any) -> None:
        written.append(len(batch.operations))
        await real(self, batch, session)

    monkeypatch.setattr(ViewCollection, "write", noted)
    await applier.apply(SAMPLE)
    assert max(written) <= 20
    assert await views(store) == expected_documents()


async def test_what_is_below_the_checkpoint_is_dropped_without_a_write(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE)
    before = [await checkpoint(store, lane) for lane in LANES]
    await applier.apply(SAMPLE)
    assert [await checkpoint(store, lane) for lane in LANES] == before
    assert await applier.take_over(LANES) == ENDS


async def test_a_record_that_comes_twice_in_a_batch_does_not_take_the_offset_back(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply([*SAMPLE, *SAMPLE[-50:], SAMPLE[0]])
    assert await views(store) == expected_documents()
    assert await applier.take_over(LANES) == ENDS


async def test_offsets_that_are_no_records_are_passed_over(store: ReadModelStore, applier: Projector) -> None:
    await applier.apply([record._replace(offset=record.offset * 2) for record in SAMPLE])
    assert await views(store) == expected_documents()
    assert await applier.take_over(LANES) == {place: 2 * end - 1 if end else 0 for place, end in ENDS.items()}


async def test_the_batch_that_reaches_the_end_and_idle_lanes_say_up_to_when_they_are_level(
    store: ReadModelStore, applier: Projector
) -> None:
    first, soon, later = (datetime(2026, 1, 1, 9, 0, second, tzinfo=UTC) for second in (0, 9, 10))
    await applier.apply(SAMPLE[:400])
    await applier.mark_level(ENDS, first)
    assert (await checkpoint(store, 0))["level_at"] is None
    await applier.apply(SAMPLE)
    revisions = [(await checkpoint(store, lane))["revision"] for lane in LANES]
    for at, level_at in ((soon, first), (later, later)):
        await applier.mark_level(ENDS, at)
        assert {(await checkpoint(store, lane))["level_at"] for lane in LANES} == {level_at}
    assert [(await checkpoint(store, lane))["revision"] for lane in LANES] == revisions


async def test_malformed_records_are_kept_whole_and_the_customers_behind_them_go_on(
    store: ReadModelStore, applier: Projector
) -> None:
    bad = SAMPLE[5]._replace(value=b'{"specversion": "1.0"', offset=10_000)
    huge = SAMPLE[6]._replace(value=b"x" * 2_000_000, offset=10_000)
    await applier.apply([*SAMPLE, bad, huge])
    kept = {found["size"]: found async for found in store.database["quarantine"].find()}
    assert kept[len(bad.value or b"")]["value"] == bad.value
    assert kept[len(bad.value or b"")]["headers"] == [["content-type", STRUCTURED[0][1]]]
    assert len(kept[2_000_000]["value"]) == 64 * 1024
    assert all(found["reason"] for found in kept.values())
    assert await views(store) == expected_documents()


async def test_an_erased_customer_leaves_nothing_but_the_ids(
    store: ReadModelStore, applier: Projector
) -> None:
    erased = next(found["_id"] for found in expected_documents().values() if found.get("erased"))
    lane = TOPICS.partition(erased.encode())
    bad = Record(TOPICS.name("contracts"), lane, 10_000, 0, erased.encode(), b"{", STRUCTURED)
    await applier.apply([*SAMPLE[:5], bad])
    assert await store.database["quarantine"].count_documents({}) == 1
    await applier.apply([*SAMPLE, bad._replace(topic=TOPICS.name("visits"))])
    business, _, customer = erased.partition("/")
    # What is noted of the copies of files goes with them.
    for name in {*await store.database.list_collection_names()} - {"erasures"}:
        left = [d async for d in store.database[name].find({"business": business, "customer": customer})]
        tombstone = {"_id", "business", "customer", "kind", "id", "seq", "shown", "erased"}
        assert [set(found) for found in left] in ([], [tombstone])
    assert (await checkpoint(store, lane))["counts"]["erased"] >= 1
