"""A customer projected anew from the log: whatever its documents were, they are those of the log, whatever breaks."""

import pytest

from events.envelope import Record
from projectors.operations.hold_release import RetryFailed
from projectors.processing.projector import Projector
from read_models.store import ReadModelStore, StoreUnavailable
from tests.integration.projector.cancellation import cut
from tests.integration.projector.fault_proxy import Fault, FaultProxy
from tests.integration.projector.harness import LANES, SAMPLE, TOPICS, documents_of, expected_documents, views
from tests.integration.projector.quarantine_harness import (
    SMALL,
    apply,
    assert_whole,
    held,
    quarantine,
    restore,
    saved,
    two_kept,
)
from tests.integration.projector.test_holds import VICTIM, raising_for


async def spoil(store: ReadModelStore) -> None:
    """Changes, removes and adds documents of the customer by hand, not the same in both generations."""
    for generation in (1, 2):
        collection = store.database[f"views_{generation}"]
        mine = [_id for _id in await views(store, generation) if _id.startswith(f"{VICTIM}/")]
        await collection.update_one({"_id": VICTIM}, {"$set": {"name": "Mallory"}})
        await collection.delete_many({"_id": {"$in": mine[generation : generation + 1]}})
        extra = {"_id": f"{VICTIM}/visit/x{generation}", "business": "biz_s0", "customer": "cus_0"}
        await collection.insert_one(extra)


async def test_documents_changed_by_hand_are_mended_in_every_generation_that_is_kept(
    store: ReadModelStore,
) -> None:
    await two_kept(store)
    await apply(store, SAMPLE)
    await spoil(store)
    async with quarantine(store) as desk:
        done = await desk.rebuild_customer(VICTIM, "cli:eve")
    assert (done.documents, dict(done.replaced), done.waited) == (
        len(documents_of(VICTIM, expected_documents())),
        {1: 3, 2: 3},
        0,
    )
    await assert_whole(store, expected_documents())


async def test_what_comes_meanwhile_waits_and_is_applied_then(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Live workers go on with all others; they learn of the hold by their lost compare."""
    await two_kept(store)
    applier = Projector(store, TOPICS)
    await applier.take_over(LANES)
    await applier.apply(SAMPLE[:600])
    await spoil(store)
    async with quarantine(store) as desk:
        make = desk._customer_rebuild._compute_replacements

        async def live_goes_on(*arguments: object) -> object:
            made = await make(*arguments)  # type: ignore[arg-type]
            before = documents_of(VICTIM, await views(store))
            await applier.apply(SAMPLE)
            assert documents_of(VICTIM, await views(store)) == before
            return made

        monkeypatch.setattr(desk._customer_rebuild, "_compute_replacements", live_goes_on)
        done = await desk.rebuild_customer(VICTIM, "cli:eve")
    assert done.waited == sum(1 for r in SAMPLE[600:] if r.key == VICTIM.encode()) > 0
    await assert_whole(store, expected_documents())
    await applier.close()


async def test_a_held_customer_is_projected_anew_with_what_waited(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    await held(store, monkeypatch)
    await spoil(store)
    async with quarantine(store) as desk:
        assert (await desk.rebuild_customer(VICTIM, "cli:eve")).waited == 0
    await assert_whole(store, expected_documents())


async def test_an_event_that_cannot_be_applied_leaves_everything_as_it_was(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Also what holds: a customer who was not held is not held then, and gets what came meanwhile."""
    await two_kept(store)
    await apply(store, SAMPLE)
    with monkeypatch.context() as patched:
        raising_for(VICTIM, patched, "read_models.in_memory.fold")
        async with quarantine(store) as desk:
            with pytest.raises(RetryFailed, match="cannot be applied: ArithmeticError in raising"):
                await desk.rebuild_customer(VICTIM, "cli:eve")
    await assert_whole(store, expected_documents())


async def test_a_held_customer_stays_held_when_it_cannot_be_projected_anew(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await held(store, monkeypatch)
    before = await saved(store)
    with monkeypatch.context() as patched:
        raising_for(VICTIM, patched, "read_models.in_memory.fold")
        async with quarantine(store) as desk:
            with pytest.raises(RetryFailed):
                await desk.rebuild_customer(VICTIM, "cli:eve")
    after = await saved(store)
    assert {one: after[one] for one in ("views_1", "waiting")} == {
        one: before[one] for one in ("views_1", "waiting")
    }
    assert [letter.id for letter in await store.letters.latest(10)] == [name]


async def test_a_discarded_event_is_ignored_when_its_customer_is_projected_anew(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await held(store, monkeypatch)
    (letter,) = await store.letters.find(name)
    async with quarantine(store) as desk:
        await desk.discard(name, "cli:eve", "sent by mistake")
        left = [
            r
            for r in SAMPLE
            if (TOPICS.unprefixed_by_name[r.topic], r.partition, r.offset) != letter.position
        ]
        await assert_whole(store, expected_documents(left))
        await spoil(store)
        await desk.rebuild_customer(VICTIM, "cli:eve")
    await assert_whole(store, expected_documents(left))


async def test_a_record_that_can_be_read_by_now_is_mended_by_a_retry(store: ReadModelStore) -> None:
    """Not by applying it late, behind what came after it: its customer is projected anew."""
    await two_kept(store)
    place = next(
        i for i, r in enumerate(SAMPLE) if r.key == VICTIM.encode() and b"invoice.issued" in (r.value or b"")
    )
    broken = SAMPLE[place]._replace(value=b"{", headers=SAMPLE[place].headers)
    await apply(store, [*SAMPLE[:place], broken, *SAMPLE[place + 1 :]])
    (letter,) = await store.letters.latest(10)
    assert (letter.kind, letter.owner) == ("unreadable", VICTIM)
    assert await views(store) != expected_documents()
    async with quarantine(store, [broken]) as desk:
        with pytest.raises(RetryFailed, match="still cannot be read"):
            await desk.retry(letter.id, "cli:eve")
    async with quarantine(store) as desk:
        await desk.retry(letter.id, "cli:eve")
    await assert_whole(store, expected_documents())


async def test_a_record_that_cannot_be_read_any_more_is_a_dead_letter(store: ReadModelStore) -> None:
    await two_kept(store)
    await apply(store, SAMPLE)
    mine = [i for i, r in enumerate(SAMPLE) if r.key == VICTIM.encode()]
    log: list[Record] = list(SAMPLE)
    log[mine[-1]] = log[mine[-1]]._replace(value=b"{")
    async with quarantine(store, log) as desk:
        await desk.rebuild_customer(VICTIM, "cli:eve")
    (letter,) = await store.letters.latest(10)
    assert (letter.kind, letter.owner, letter.generations) == ("unreadable", VICTIM, [1, 2])
    assert await views(store) == expected_documents(log[: mine[-1]] + log[mine[-1] + 1 :])


async def test_it_may_be_cut_short_at_any_await(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The hold that is left says why it is there; a retry of it finishes."""
    await two_kept(store)
    await apply(store, SMALL)
    await spoil(store)
    before, at, ended, left = await saved(store), 0, False, set()
    expected = expected_documents(SMALL)
    while not ended:
        at += 1
        await restore(store, before)
        async with quarantine(store, SMALL) as desk:
            ended = not await cut(desk.rebuild_customer(VICTIM, "cli:eve"), at)
        async with quarantine(store, SMALL) as desk:
            for letter in await store.letters.latest(10):
                left.add(letter.error)
                assert letter.id == "biz_s0~cus_0"
                await desk.retry(letter.id, "cli:eve")
            if documents_of(VICTIM, await views(store)) != documents_of(VICTIM, expected):
                assert not ended
                await desk.rebuild_customer(VICTIM, "cli:eve")  # it had not begun
        await assert_whole(store, expected)
    assert any("is being projected anew" in error for error in left)
    assert at > 10


@pytest.mark.parametrize("late", [False, True], ids=["commands", "answers"])
async def test_any_command_of_it_may_be_lost(store: ReadModelStore, wire: FaultProxy, *, late: bool) -> None:
    await two_kept(store)
    await apply(store, SMALL)
    await spoil(store)
    before, after, whole = await saved(store), 0, False
    expected = expected_documents(SMALL)
    broken = set()
    through = ReadModelStore(wire.url, store.database.name)
    while not whole:
        await restore(store, before)
        async with quarantine(through, SMALL) as desk:
            wire.plan(Fault(after, 2, late))
            try:
                await desk.rebuild_customer(VICTIM, "cli:eve")
                whole = not wire.broken
            except StoreUnavailable:
                wire.plan(None)
                await desk.rebuild_customer(VICTIM, "cli:eve")
            broken |= set(wire.commands[after : after + 1])
        await assert_whole(store, expected)
        after += 1
    await through.close()
    assert broken >= {"find", "update", "delete", "commitTransaction"}


async def test_two_at_a_time_do_not_mix(store: ReadModelStore, monkeypatch: pytest.MonkeyPatch) -> None:
    """The one that began first gives up and says so; the other one finishes."""
    await two_kept(store)
    await apply(store, SAMPLE)
    await spoil(store)
    async with quarantine(store) as one, quarantine(store) as other:
        make = one._customer_rebuild._compute_replacements

        async def overtaken(*arguments: object) -> object:
            made = await make(*arguments)  # type: ignore[arg-type]
            lane = TOPICS.partition(VICTIM.encode())
            await other._customer_rebuild._begin_holds(VICTIM, lane, "another run")
            return made

        monkeypatch.setattr(one._customer_rebuild, "_compute_replacements", overtaken)
        with pytest.raises(RetryFailed, match="somebody else"):
            await one.rebuild_customer(VICTIM, "cli:eve")
        await other.retry("biz_s0~cus_0", "cli:ada")
    await assert_whole(store, expected_documents())
