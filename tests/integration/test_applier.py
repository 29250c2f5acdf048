"""The applier against a real MongoDB: whatever happens on the write path, documents are those of the whole log."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import orjson
import pytest

from events.envelope import Record
from events.topics import Topics
from local_stack.stack import Stack
from projectors import applier as applier_module
from projectors.applier import Applier, LaneLost
from read_models.documents import Doc
from read_models.project import VERSION
from read_models.store import Store, Unavailable
from read_models.store.writer import Writer
from tests.support.memory import MemoryStore

LOG = Path(__file__).parents[1] / "samples" / "two-businesses.jsonl"
TOPICS = Topics("servicehub.", 4)
STRUCTURED = [("content-type", b"application/cloudevents+json")]


def records(lines: Sequence[bytes]) -> list[Record]:
    """The records of a log, with offsets as Kafka gives them."""
    offsets: dict[tuple[str, int], int] = {}
    found = []
    for line in lines:
        attributes = orjson.loads(line)
        key = attributes["partitionkey"].encode()
        place = TOPICS.of_type(attributes["type"]), TOPICS.partition(key)
        offset = offsets[place] = offsets.get(place, -1) + 1
        found.append(Record(*place, offset, 0, key, line, STRUCTURED))
    return found


SAMPLE = records(LOG.read_bytes().splitlines())
ENDS = {
    (name, lane): 1 + max([r.offset for r in SAMPLE if (r.topic, r.partition) == (name, lane)], default=-1)
    for name in TOPICS.names
    for lane in range(4)
}


@pytest.fixture
async def store(stack: Stack) -> AsyncIterator[Store]:
    """A store with its first generation."""
    one = await Store.connect(stack.env["PORTAL_MONGO_URL"], f"applier_{datetime.now(UTC):%H%M%S%f}")
    await one.generations.ensure_first(VERSION, TOPICS.partitions, "cluster")
    yield one
    await one.drop()
    await one.close()


async def views(store: Store) -> dict[str, Doc]:
    """All documents that are served."""
    return {document["_id"]: document async for document in store.database["views_1"].find()}


async def checkpoint(store: Store, lane: int) -> Doc:
    """A lane's checkpoint."""
    found: Doc | None = await store.database["checkpoints"].find_one({"_id": f"1/{lane}"})
    assert found
    return found


def undisturbed() -> dict[str, Doc]:
    """The documents of the whole log, folded in memory."""
    memory = MemoryStore()
    quiet = [applier_module.decode(record, TOPICS) for record in SAMPLE]
    memory.apply(quiet)
    return memory.docs


@pytest.mark.parametrize("size", [1, 7, 1000])
async def test_a_log_gives_the_documents_of_its_fold_whatever_the_batch(store: Store, size: int) -> None:
    applier = Applier(store, TOPICS, batch_events=size)
    assert set((await applier.take_over(range(4))).values()) == {0}
    await applier.apply(SAMPLE)
    assert await views(store) == undisturbed()
    await applier.close()


async def test_what_is_below_the_checkpoint_is_dropped_without_a_write(store: Store) -> None:
    applier = Applier(store, TOPICS)
    await applier.take_over(range(4))
    await applier.apply(SAMPLE)
    before = [await checkpoint(store, lane) for lane in range(4)]
    await applier.apply(SAMPLE)
    assert [await checkpoint(store, lane) for lane in range(4)] == before
    assert await applier.take_over(range(4)) == ENDS
    await applier.close()


async def test_a_lane_that_was_taken_over_is_not_written_any_more(store: Store) -> None:
    frozen, successor = Applier(store, TOPICS), Applier(store, TOPICS)
    await frozen.take_over(range(4))
    await frozen.apply(SAMPLE[:400])
    await successor.take_over([0, 1])
    with pytest.raises(LaneLost) as lost:
        await frozen.apply(SAMPLE[400:])
    assert lost.value.lanes == {0, 1}
    await successor.apply(SAMPLE)
    await frozen.apply(SAMPLE)
    assert await views(store) == undisturbed()
    await frozen.close()
    await successor.close()


async def test_somebody_who_wrote_the_lane_without_moving_an_offset_is_noticed(store: Store) -> None:
    applier = Applier(store, TOPICS)
    await applier.take_over(range(4))
    await applier.apply(SAMPLE[:400])
    await store.database["checkpoints"].update_many({}, {"$inc": {"revision": 1}})
    await applier.apply(SAMPLE)
    assert applier.lost_compares == 1
    assert await views(store) == undisturbed()
    await applier.close()


async def test_the_batch_that_reaches_the_end_and_idle_lanes_say_up_to_when_they_are_level(
    store: Store,
) -> None:
    applier = Applier(store, TOPICS)
    await applier.take_over(range(4))
    first, second = datetime(2026, 1, 1, tzinfo=UTC), datetime(2026, 1, 2, tzinfo=UTC)
    await applier.apply(SAMPLE[:400])
    await applier.mark_level(ENDS, first)
    assert (await checkpoint(store, 0))["level_at"] is None
    await applier.apply(SAMPLE)
    assert {(await checkpoint(store, lane))["level_at"] for lane in range(4)} == {first}
    revisions = [(await checkpoint(store, lane))["revision"] for lane in range(4)]
    await applier.mark_level(ENDS, second)
    assert {(await checkpoint(store, lane))["level_at"] for lane in range(4)} == {second}
    assert [(await checkpoint(store, lane))["revision"] for lane in range(4)] == revisions
    await applier.close()


async def test_malformed_records_are_kept_whole_and_the_customers_behind_them_go_on(store: Store) -> None:
    applier = Applier(store, TOPICS)
    await applier.take_over(range(4))
    bad = SAMPLE[5]._replace(value=b'{"specversion": "1.0"', offset=10_000)
    huge = SAMPLE[6]._replace(value=b"x" * 2_000_000, offset=10_000)
    await applier.apply([*SAMPLE, bad, huge])
    kept = {found["size"]: found async for found in store.database["quarantine"].find()}
    assert kept[len(bad.value or b"")]["value"] == bad.value
    assert kept[len(bad.value or b"")]["headers"] == [["content-type", STRUCTURED[0][1]]]
    assert len(kept[2_000_000]["value"]) == 64 * 1024
    assert all(found["reason"] for found in kept.values())
    assert await views(store) == undisturbed()
    await applier.close()


async def test_an_event_that_cannot_be_applied_holds_its_customer_and_nobody_else(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    victim = "biz_s0/cus_0"
    real = applier_module.fold

    def raising(events: Any, cache: Any) -> Any:
        if any(
            event.kind == "invoice" and f"{event.business}/{event.customer}" == victim for event in events
        ):
            raise ArithmeticError("no such rule")
        return (yield from real(events, cache))

    monkeypatch.setattr(applier_module, "fold", raising)
    applier = Applier(store, TOPICS)
    await applier.take_over(range(4))
    await applier.apply(SAMPLE)
    found = await views(store)
    expected = undisturbed()
    others = {_id: d for _id, d in expected.items() if not f"{_id}/".startswith(f"{victim}/")}
    assert {_id: d for _id, d in found.items() if not f"{_id}/".startswith(f"{victim}/")} == others
    hold = await store.database["holds"].find_one({"_id": victim})
    assert hold
    assert "ArithmeticError" in hold["reason"]
    letters, waiting = await store.dead_letters.counts()
    assert letters == 1
    assert waiting > 1
    await applier.close()


async def test_a_document_that_is_too_large_holds_its_customer(
    store: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = applier_module.fold

    def bloating(events: Any, cache: Any) -> Any:
        changes = yield from real(events, cache)
        for _id, document in changes.save.items():
            if _id == "biz_s0/cus_3":
                document["bloat"] = "x" * 17_000_000
        return changes

    monkeypatch.setattr(applier_module, "fold", bloating)
    applier = Applier(store, TOPICS)
    await applier.take_over(range(4))
    await applier.apply(SAMPLE)
    assert [found["_id"] async for found in store.database["holds"].find()] == ["biz_s0/cus_3"]
    assert (await views(store))["biz_s0/cus_0"] == undisturbed()["biz_s0/cus_0"]
    await applier.close()


@pytest.mark.parametrize("after_commit", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("failing", range(6))
async def test_a_failure_at_any_step_of_a_transaction_changes_nothing_in_the_end(
    store: Store, monkeypatch: pytest.MonkeyPatch, failing: int, *, after_commit: bool
) -> None:
    """The answer of a commit may be lost: then its own write is met again."""
    real = Writer._transact
    calls = 0

    async def unreliable(self: Writer, *arguments: Any) -> None:
        nonlocal calls
        calls += 1
        if calls == failing + 1 and not after_commit:
            raise Unavailable("before")
        await real(self, *arguments)
        if calls == failing + 1:
            raise Unavailable("after")

    monkeypatch.setattr(Writer, "_transact", unreliable)
    applier = Applier(store, TOPICS, batch_events=200)
    await applier.take_over(range(4))
    await applier.apply(SAMPLE)
    assert calls > failing
    assert await views(store) == undisturbed()
    await applier.close()


async def test_cancelled_at_any_moment_it_goes_on_from_what_was_committed(store: Store) -> None:
    applier = Applier(store, TOPICS, batch_events=20)
    await applier.take_over(range(4))
    for step in range(25):
        task = asyncio.create_task(applier.apply(SAMPLE))
        await asyncio.sleep(0.004 * step)
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await applier.take_over(range(4))
    await applier.apply(SAMPLE)
    assert await views(store) == undisturbed()
    await applier.close()


async def test_an_erased_customer_leaves_nothing_but_the_ids(store: Store) -> None:
    applier = Applier(store, TOPICS)
    await applier.take_over(range(4))
    erased = next(d["_id"] for d in undisturbed().values() if d.get("erased"))
    lane = TOPICS.partition(erased.encode())
    bad = Record(TOPICS.name("visits"), lane, 0, 0, erased.encode(), b"{", STRUCTURED)
    await applier.apply([bad, *SAMPLE, bad._replace(offset=10_000)])
    business, _, customer = erased.partition("/")
    for name in await store.database.list_collection_names():
        left = [d async for d in store.database[name].find({"business": business, "customer": customer})]
        assert [set(d) for d in left] in (
            [],
            [{"_id", "business", "customer", "kind", "id", "seq", "shown", "erased"}],
        )
    await applier.close()


async def test_a_worker_killed_inside_a_transaction_does_not_block_its_successor(store: Store) -> None:
    """Its session, which the checkpoint names, is killed; MongoDB alone would take 10 s to give the lane up."""
    killed = store.writer()
    await killed.open()
    await killed.take([1], range(4))
    async with killed._session.start_transaction():
        await store.database["checkpoints"].update_one(
            {"_id": "1/0"}, {"$inc": {"revision": 1}}, session=killed._session
        )
        successor = Applier(store, TOPICS)
        await asyncio.wait_for(successor.take_over(range(4)), 8)
        await successor.apply(SAMPLE)
        assert await views(store) == undisturbed()
        await killed._session.abort_transaction()
    await successor.close()
    await killed.close()
