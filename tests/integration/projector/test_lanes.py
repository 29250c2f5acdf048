"""Who may write a lane: one worker at a time, into every generation that is kept, whoever else writes meanwhile."""

import asyncio

import pytest

from projectors.processing.projector import LaneOwnershipLost, Projector
from read_models.projection import VERSION
from read_models.store import GenerationNotFound, ReadModelStore
from read_models.store.checkpoints import blank
from read_models.store.views import ViewCollection
from tests.integration.projector.harness import (
    ENDS,
    LANES,
    SAMPLE,
    TOPICS,
    checkpoint,
    expected_documents,
    views,
)


async def second_generation(store: ReadModelStore) -> None:
    """A copy of the first, lanes included."""
    await ViewCollection(store.database, 2).create()
    if documents := list((await views(store)).values()):
        await store.database["views_2"].insert_many(documents)
    known = [await checkpoint(store, lane) for lane in LANES]
    await store.database["checkpoints"].insert_many(
        [blank(2, one["lane"]) | {"offsets": one["offsets"]} for one in known]
    )


async def test_a_lane_that_was_taken_over_is_not_written_any_more(store: ReadModelStore) -> None:
    frozen, successor = Projector(store, TOPICS), Projector(store, TOPICS)
    await frozen.take_over(LANES)
    await frozen.apply(SAMPLE[:400])
    await successor.take_over([0, 1])
    with pytest.raises(LaneOwnershipLost) as lost:
        await frozen.apply(SAMPLE[400:])
    assert lost.value.lanes == {0, 1}
    await successor.apply(SAMPLE)
    await frozen.apply(SAMPLE)
    assert await views(store) == expected_documents()
    await frozen.close()
    await successor.close()


async def test_workers_that_take_each_other_s_lanes_again_and_again_lose_and_mix_nothing(
    store: ReadModelStore,
) -> None:
    lost = 0

    async def insist(applier: Projector) -> None:
        nonlocal lost
        for begin in range(0, len(SAMPLE), 90):
            while True:
                try:
                    await applier.apply(SAMPLE[: begin + 90])
                    break
                except LaneOwnershipLost:
                    lost += 1
                    await applier.take_over(LANES)

    appliers = [Projector(store, TOPICS, batch_events=30) for _ in range(3)]
    for applier in appliers:
        await applier.take_over(LANES)
    await asyncio.gather(*map(insist, appliers))
    assert lost > 0
    assert await views(store) == expected_documents()
    assert await appliers[0].take_over(LANES) == ENDS
    for applier in appliers:
        await applier.close()


async def test_somebody_who_wrote_the_lane_without_moving_an_offset_is_noticed(store: ReadModelStore) -> None:
    applier = Projector(store, TOPICS)
    await applier.take_over(LANES)
    await applier.apply(SAMPLE[:400])
    changed = {"$set": {"name": "Changed beside"}}
    await store.database["views_1"].update_one({"kind": "customer", "name": {"$ne": None}}, changed)
    await store.database["checkpoints"].update_many({}, {"$inc": {"revision": 1}})
    document = await store.database["views_1"].find_one({"name": "Changed beside"})
    assert document
    await applier.apply(SAMPLE)
    assert applier.revision_conflicts == 1
    expected = expected_documents()
    found = await views(store)
    assert found[document["_id"]] == expected[document["_id"]] | {"name": "Changed beside"}
    assert found | {document["_id"]: expected[document["_id"]]} == expected
    await applier.close()


async def test_all_generations_that_are_kept_are_written_as_one(store: ReadModelStore) -> None:
    await second_generation(store)
    await store.database["pointers"].update_one({"_id": VERSION}, {"$set": {"standby": 2}})
    applier = Projector(store, TOPICS, batch_events=100)
    await applier.take_over(LANES)
    await applier.apply(SAMPLE)
    assert await views(store, 1) == await views(store, 2) == expected_documents()
    assert [(await checkpoint(store, lane, 1))["offsets"] for lane in LANES] == [
        (await checkpoint(store, lane, 2))["offsets"] for lane in LANES
    ]
    await applier.close()


async def test_a_generation_that_is_served_from_now_on_is_written_from_then_on(store: ReadModelStore) -> None:
    applier = Projector(store, TOPICS)
    await applier.take_over(LANES)
    await applier.apply(SAMPLE[:400])
    await second_generation(store)
    await store.database["checkpoints"].update_many({}, {"$inc": {"revision": 1}})
    session = {"$set": {"session": applier._writer.session_id}}
    await store.database["checkpoints"].update_many({"generation": 2}, session)
    await store.database["pointers"].update_one({"_id": VERSION}, {"$set": {"served": 2, "standby": 1}})
    await applier.apply(SAMPLE)
    assert await views(store, 1) == await views(store, 2) == expected_documents()
    await applier.close()


async def test_lanes_that_no_generation_has_are_refused(store: ReadModelStore) -> None:
    applier = Projector(store, TOPICS)
    with pytest.raises(GenerationNotFound, match="lanes"):
        await applier.take_over(range(5))
    await store.database["pointers"].delete_many({})
    with pytest.raises(GenerationNotFound, match="served"):
        await applier.take_over(LANES)
    await applier.close()
