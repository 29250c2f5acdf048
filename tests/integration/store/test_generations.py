"""Generations and checkpoints begin whole, whoever is first; every read of a list is answered by an index."""

import asyncio
from collections.abc import AsyncIterator, Iterable
from datetime import UTC, datetime

import pytest

from local_stack.stack import Stack
from read_models.indexed_lists import INDEXES, LISTS, ListQuery, QueryScope, to_mongo_query
from read_models.projection import VERSION
from read_models.store import GenerationNotFound, ReadModelStore, StoreUnavailable
from read_models.store.reading import read_coalescing
from read_models.store.reading.read_coalescing import CoalescingLoader


@pytest.fixture
async def store(stack: Stack) -> AsyncIterator[ReadModelStore]:
    """A store of an empty installation."""
    one = await ReadModelStore.connect(stack.env["PORTAL_MONGO_URL"], f"store_{datetime.now(UTC):%H%M%S%f}")
    yield one
    await one.drop()
    await one.close()


async def test_workers_that_start_at_once_make_one_first_generation_with_all_its_lanes(
    store: ReadModelStore,
) -> None:
    pointers = await asyncio.gather(
        *(store.generations.create_first_if_missing(VERSION, 12, "cluster") for _ in range(5))
    )
    assert {pointer.served for pointer in pointers} == {1}
    assert await store.database["checkpoints"].count_documents({"generation": 1}) == 12
    record = await store.generations.record(1)
    assert record
    assert (record["state"], record["version"], record["partitions"]) == ("served", VERSION, 12)


async def test_a_version_without_views_on_an_installation_that_has_others_has_to_be_rebuilt(
    store: ReadModelStore,
) -> None:
    await store.generations.create_first_if_missing(VERSION, 4, "cluster")
    with pytest.raises(GenerationNotFound, match="rebuild"):
        await store.generations.create_first_if_missing(VERSION + 1, 4, "cluster")


async def test_readers_know_what_is_served_and_never_promise_more_freshness_than_was_written(
    store: ReadModelStore,
) -> None:
    await store.control.refresh()
    assert store.control.served is None
    await store.generations.create_first_if_missing(VERSION, 4, "cluster")
    await store.control.refresh()
    assert store.control.served == 1
    assert store.control.fresh_as_of("biz/cus").year == 1970
    level = datetime(2026, 1, 1, tzinfo=UTC)
    await store.database["checkpoints"].update_many({}, {"$set": {"level_at": level}})
    await store.control.refresh()
    assert store.control.fresh_as_of("biz/cus") == level
    since = datetime(2025, 12, 1, tzinfo=UTC)
    await store.database["holds"].insert_one(
        {"_id": "1/biz/cus", "generation": 1, "owner": "biz/cus", "since": since}
    )
    await store.control.refresh()
    assert store.control.fresh_as_of("biz/cus") == since


async def test_every_list_is_read_by_its_index_without_a_sort(store: ReadModelStore) -> None:
    await store.generations.create_first_if_missing(VERSION, 4, "cluster")
    assert LISTS
    for name, spec in LISTS.items():
        for after in (None, ("2026", "x")) if spec.membership_names else (None,):
            fields = len(spec.equality_fields) + bool(spec.filter_field)
            chosen, sort = to_mongo_query(ListQuery(name, QueryScope(("x",) * fields), 10, after=after))
            command = {"find": "views_1", "filter": chosen, "sort": dict(sort), "hint": spec.by, "limit": 10}
            plan = str((await store.database.command("explain", command))["queryPlanner"]["winningPlan"])
            assert f"'indexName': '{spec.by}'" in plan
            assert "'COLLSCAN'" not in plan
            assert "'stage': 'SORT'" not in plan
            assert set(INDEXES) >= {spec.by}


async def test_reads_that_arrive_while_one_is_in_flight_share_the_next_and_alone_one_waits_for_nobody() -> (
    None
):
    asked: list[set[str]] = []
    answer = asyncio.Event()

    async def fetch(ids: Iterable[str]) -> dict[str, dict[str, str]]:
        wanted = set(ids)
        asked.append(wanted)
        await answer.wait()
        return {_id: {"_id": _id} for _id in wanted if _id != "nothing"}

    reads = CoalescingLoader(fetch)
    first = asyncio.create_task(reads.get("a"))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    others = [asyncio.create_task(reads.get(_id)) for _id in ("b", "c", "nothing")]
    await asyncio.sleep(0)
    answer.set()
    assert await first == [{"_id": "a"}]
    assert [found for [found] in await asyncio.gather(*others)] == [{"_id": "b"}, {"_id": "c"}, None]
    assert asked == [{"a"}, {"b", "c", "nothing"}]


async def test_behind_a_crowd_the_next_read_waits_for_those_who_come_again(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Who waits already, and who was just served and asks again soon: one query."""
    monkeypatch.setattr(read_coalescing, "BATCH_DELAY_S", 1.0)
    asked: list[set[str]] = []
    first, beyond = asyncio.Event(), asyncio.Event()

    async def fetch(keys: Iterable[str]) -> dict[str, str]:
        asked.append(set(keys))
        first.set()
        await beyond.wait()
        return {}

    reads = CoalescingLoader(fetch)

    async def come_again(name: str) -> None:
        await reads.get(name)
        await asyncio.sleep(0.05)
        await reads.get(f"{name} again")

    crowd = [
        asyncio.create_task(come_again(str(number)))
        for number in range(read_coalescing.BATCH_DELAY_THRESHOLD)
    ]
    await first.wait()
    late = asyncio.create_task(reads.get("late"))
    await asyncio.sleep(0)
    beyond.set()
    await asyncio.gather(late, *crowd)

    names = {str(number) for number in range(read_coalescing.BATCH_DELAY_THRESHOLD)}
    assert asked == [names, {"late", *(f"{name} again" for name in names)}]


async def test_a_server_that_does_not_answer_is_said_to_be_unavailable() -> None:
    with pytest.raises(StoreUnavailable):
        await ReadModelStore.connect("mongodb://127.0.0.1:1/?serverSelectionTimeoutMS=200", "nowhere")


async def test_a_sample_of_customers_costs_no_document(store: ReadModelStore) -> None:
    """There may be millions of them."""
    customers = {"biz_1/cus_1", "biz_1/cus_2", "biz_2/cus_1"}
    ids = {"biz_1", *customers, "biz_1/cus_1/visit/vis_1", "biz_1/cus_1/con/con_1/2026-01"}
    await store.database["views_1"].insert_many([{"_id": one} for one in ids])
    await store.database.command("profile", 2)
    assert set(await store.snapshots.some_customers(1, 10)) == customers
    assert len(await store.snapshots.some_customers(1, 2)) == 2
    await store.database.command("profile", 0)
    asked = await store.database["system.profile"].find({"command.aggregate": "views_1"}).to_list(None)
    assert [one["docsExamined"] for one in asked] == [0, 0]


async def test_indexes_may_take_longer_than_any_question(
    store: ReadModelStore, stack: Stack, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Those of a rebuilt generation are made when it is filled, of millions of documents."""
    many = [{"_id": str(one), "up": {"list": "visits", "key": one}} for one in range(100_000)]
    await store.database["views_1"].insert_many(many, ordered=False)
    monkeypatch.setattr("read_models.store.mongo.ANSWERS_WITHIN_MS", 100)
    impatient = ReadModelStore(stack.env["PORTAL_MONGO_URL"], store.database.name)
    await impatient.views(1).create()
    assert INDEXES.keys() < (await store.database["views_1"].index_information()).keys()
    await impatient.close()
