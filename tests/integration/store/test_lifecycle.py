"""Generations are served and stand by, in turn: what is refused, and what live workers do."""

import asyncio
from datetime import UTC, datetime
from typing import Literal

import pytest

from local_stack.stack import Stack
from projectors.processing.projector import GenerationsDiverged, LaneOwnershipLost, Projector
from read_models.projection import VERSION
from read_models.store import (
    GenerationNotFound,
    GenerationPointer,
    NotCaughtUp,
    OperationRefused,
    ReadModelStore,
    SwitchRequest,
    WriteConflict,
    resolve_target,
)
from read_models.store.checkpoints import COLLECTION
from tests.integration.projector.harness import (
    ENDS,
    LANES,
    SAMPLE,
    TOPICS,
    checkpoint,
    expected_documents,
    views,
)
from tests.integration.store.harness import filled

HALF = len(SAMPLE) // 2


async def switch(
    store: ReadModelStore, what: Literal["promote", "rollback"], forced: str | None = None, id_: str = ""
) -> GenerationPointer:
    """Switches once, to what is meant just now; `id_` names the request."""
    generation = resolve_target(await store.generations.pointer(store.version), what)
    return await switch_to(store, generation, what, forced, id_)


async def switch_to(
    store: ReadModelStore,
    generation: int,
    what: Literal["promote", "rollback"] = "promote",
    forced: str | None = None,
    id_: str = "",
) -> GenerationPointer:
    """Switches once, to a generation."""
    order = SwitchRequest(id_ or f"{what} {datetime.now(UTC)}", what, generation, "ada", forced)
    return await store.lifecycle.switch(store.version, order, {})


async def even_out(applier: Projector) -> None:
    """Reads what the generations are apart by, as a worker does, and applies it."""
    for (name, lane), (start, end) in applier.divergence().items():
        missing = [r for r in SAMPLE if (r.topic, r.partition) == (name, lane) and start <= r.offset < end]
        await applier.catch_up_generations(missing)


async def test_a_filled_generation_is_served_and_the_one_before_stands_by(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE)
    assert await filled(store, SAMPLE) == 2
    assert await switch(store, "promote") == GenerationPointer(VERSION, 2, 1)
    assert await switch(store, "rollback") == GenerationPointer(VERSION, 1, 2)
    assert await switch(store, "promote") == GenerationPointer(VERSION, 2, 1)
    states = {one["_id"]: one["state"] for one in await store.generations.records()}
    assert states == {1: "standby", 2: "served"}
    record = await store.generations.record(2)
    assert record
    assert [(one["what"], one["by"]) for one in record["switches"]] == [
        ("promote", "ada"),
        ("promote", "ada"),
    ]


async def test_promoting_a_third_generation_removes_the_first_whose_record_stays(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE)
    for generation in (2, 3):
        assert await filled(store, SAMPLE) == generation
        await applier.refresh_active_generations()
        await switch(store, "promote")
    assert await store.generations.pointer(VERSION) == GenerationPointer(VERSION, 3, 2)
    assert "views_1" not in await store.database.list_collection_names()
    assert await store.database[COLLECTION].count_documents({"generation": 1}) == 0
    record = await store.generations.record(1)
    assert record
    assert (record["state"], record["dropped_at"] is not None) == ("retired", True)


async def test_a_live_worker_makes_up_for_what_is_missing_and_keeps_both_from_then_on(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE[:HALF])
    await filled(store, SAMPLE[: HALF - 100])
    with pytest.raises(GenerationsDiverged):
        await applier.apply(SAMPLE[HALF:])
    await even_out(applier)
    await applier.apply(SAMPLE)
    assert await views(store, 1) == await views(store, 2) == expected_documents()
    assert applier.positions(LANES) == ENDS
    await switch(store, "promote")


async def test_what_is_served_is_made_up_for_where_the_filled_generation_is_further(
    store: ReadModelStore, applier: Projector
) -> None:
    """No worker ran meanwhile, say; the next one begins where the furthest ends."""
    await applier.apply(SAMPLE[:HALF])
    await filled(store, SAMPLE)
    successor = Projector(store, TOPICS)
    assert await successor.take_over(LANES) == ENDS
    await even_out(successor)
    assert await views(store, 1) == await views(store, 2) == expected_documents()
    await successor.close()


async def test_an_idle_worker_looks_for_what_is_kept_by_now(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE)
    await filled(store, SAMPLE[:-50])
    await applier.refresh_active_generations()
    await even_out(applier)
    assert await views(store, 2) == expected_documents()
    assert {(await checkpoint(store, lane, 2))["session"] for lane in LANES} == {applier._writer.session_id}


async def test_a_worker_that_lost_its_lanes_does_not_take_those_of_a_new_generation(
    store: ReadModelStore, applier: Projector
) -> None:
    successor = Projector(store, TOPICS)
    await successor.take_over(LANES)
    await filled(store, [])
    with pytest.raises(LaneOwnershipLost):
        await applier.refresh_active_generations()
    assert {(await checkpoint(store, lane, 2))["session"] for lane in LANES} != {applier._writer.session_id}
    await successor.close()


async def test_a_generation_that_misses_records_is_refused_unless_forced_with_a_reason(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE)
    await filled(store, SAMPLE[:-50])
    with pytest.raises(NotCaughtUp, match="generation 2 is 50 records behind"):
        await switch(store, "promote")
    assert await store.generations.pointer(VERSION) == GenerationPointer(VERSION, 1, None, 2)
    await switch(store, "promote", forced="served wrongly since Monday")
    record = await store.generations.record(2)
    assert record
    assert record["switches"][0]["forced"] == "served wrongly since Monday"


async def test_a_generation_far_behind_is_not_offered_to_live_workers(
    store: ReadModelStore, applier: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("read_models.store.generations.lifecycle.MAX_RECORDS_BEHIND", 49)
    await applier.apply(SAMPLE)
    with pytest.raises(NotCaughtUp, match="50 records behind"):
        await filled(store, SAMPLE[:-50])


async def test_where_nothing_is_served_the_end_of_the_log_counts(store: ReadModelStore, stack: Stack) -> None:
    """A new version's first generation, filled beside the old version's."""
    newer = ReadModelStore(stack.env["PORTAL_MONGO_URL"], store.database.name, VERSION + 1)
    with pytest.raises(GenerationNotFound):
        await newer.generations.create_first_if_missing(VERSION + 1, TOPICS.partitions, "cluster")
    await filled(newer, SAMPLE[:-1], VERSION + 1)
    ends: dict[int, dict[str, int]] = {}
    for (name, lane), end in ENDS.items():
        ends.setdefault(lane, {})[TOPICS.unprefixed_by_name[name]] = end
    order = SwitchRequest("1", "promote", 2, "ada")
    with pytest.raises(NotCaughtUp, match="1 records behind"):
        await newer.lifecycle.switch(VERSION + 1, order, ends)
    first = Projector(newer, TOPICS)
    await first.take_over(LANES)
    await first.apply(SAMPLE)
    assert await newer.lifecycle.switch(VERSION + 1, order, ends) == GenerationPointer(VERSION + 1, 2, None)
    assert await store.generations.pointer(VERSION) == GenerationPointer(VERSION, 1, None)
    await first.close()
    await newer.close()


async def test_a_switch_whose_answer_was_lost_is_not_done_twice(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE)
    await filled(store, SAMPLE)
    assert await switch_to(store, 2, id_="one request") == GenerationPointer(VERSION, 2, 1)
    await switch(store, "rollback")
    assert await switch_to(store, 2, id_="one request") == GenerationPointer(VERSION, 1, 2)


async def test_of_two_who_promote_the_same_generation_the_second_finds_it_served(
    store: ReadModelStore, applier: Projector
) -> None:
    """A rebuild that promotes, and another process that helped with it."""
    await applier.apply(SAMPLE)
    await filled(store, SAMPLE)
    assert [await switch_to(store, 2) for _ in range(2)] == [GenerationPointer(VERSION, 2, 1)] * 2
    record = await store.generations.record(2)
    assert record
    assert len(record["switches"]) == 1


async def test_what_is_not_kept_any_more_is_not_served(store: ReadModelStore, applier: Projector) -> None:
    await applier.apply(SAMPLE)
    await filled(store, SAMPLE)
    await filled(store, SAMPLE)
    with pytest.raises(OperationRefused, match="generation 2 is not kept any more"):
        await switch_to(store, 2)


async def test_a_switch_waits_for_a_lane_that_is_being_written(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE)
    await filled(store, SAMPLE)
    async with await store.database.client.start_session() as session, session.start_transaction():
        change = {"$inc": {"revision": 1}}
        await store.database[COLLECTION].update_one({"_id": "1/3"}, change, session=session)
        with pytest.raises(WriteConflict):
            await switch(store, "promote")
    assert (await store.generations.pointer(VERSION)) == GenerationPointer(VERSION, 1, None, 2)


async def test_readers_are_told_no_earlier_time_by_what_is_served_next(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE)
    now = datetime.now(UTC).replace(microsecond=0)
    await applier.mark_level(ENDS, now)
    await filled(store, SAMPLE)
    assert {(await checkpoint(store, lane, 2))["level_at"] for lane in LANES} == {None}
    await switch(store, "promote")
    assert {(await checkpoint(store, lane, 2))["level_at"] for lane in LANES} == {now}


async def test_switches_under_load_are_seen_by_the_worker_and_lose_nothing(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE[:100])
    await filled(store, SAMPLE[:100])
    await applier.refresh_active_generations()

    async def work() -> None:
        for begin in range(100, len(SAMPLE), 20):
            await applier.apply(SAMPLE[begin : begin + 20])

    working = asyncio.create_task(work())
    switches = 0
    while not working.done():
        try:
            await switch(store, ("promote", "rollback")[switches % 2])
            switches += 1
            await asyncio.sleep(0.1)
        except WriteConflict:
            await asyncio.sleep(0.005)
    await working
    assert switches > 1
    assert await views(store, 1) == await views(store, 2) == expected_documents()


async def test_a_generation_that_was_filled_and_not_promoted_makes_room_for_the_next(
    store: ReadModelStore, applier: Projector
) -> None:
    await applier.apply(SAMPLE)
    assert [await filled(store, SAMPLE), await filled(store, SAMPLE)] == [2, 3]
    assert await store.generations.pointer(VERSION) == GenerationPointer(VERSION, 1, None, 3)
    assert "views_2" not in await store.database.list_collection_names()


async def test_there_is_nothing_to_switch_to_at_first(store: ReadModelStore) -> None:
    with pytest.raises(OperationRefused, match="portal rebuild"):
        await switch(store, "promote")
    with pytest.raises(OperationRefused, match="go back"):
        await switch(store, "rollback")
