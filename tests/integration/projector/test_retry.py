"""Retry and discard: what a held customer waits for is applied in order, whatever breaks meanwhile."""

import pytest

from projectors.operations.hold_release import RetryFailed
from projectors.operations.quarantine import DeadLetterNotFound
from projectors.processing.projector import Projector
from read_models.projection import VERSION
from read_models.store import ReadModelStore, StoreUnavailable
from read_models.store.quarantine.dead_letter_queries import parse_id
from tests.integration.projector.cancellation import cut
from tests.integration.projector.fault_proxy import Fault, FaultProxy
from tests.integration.projector.harness import LANES, SAMPLE, TOPICS, documents_of, expected_documents, views
from tests.integration.projector.quarantine_harness import (
    SMALL,
    assert_whole,
    held,
    quarantine,
    restore,
    saved,
    two_kept,
)
from tests.integration.projector.test_holds import VICTIM, raising_for


async def test_after_the_fix_a_retry_gives_what_would_have_been_without_the_fault(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await held(store, monkeypatch)
    before = await views(store)
    async with quarantine(store) as desk:
        mended = await desk.retry(name, "cli:eve")
        assert mended.owners == [VICTIM]
        assert documents_of(VICTIM, before) != documents_of(VICTIM, expected_documents())
        await assert_whole(store, expected_documents())
        with pytest.raises(DeadLetterNotFound):
            await desk.retry(name, "cli:eve")
    noted = await store.database["audit"].find_one()
    assert noted
    assert (noted["by"], noted["action"], noted["about"]) == ("cli:eve", "dead_letter.retry", name)


async def test_what_still_fails_holds_where_it_fails_and_says_so(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What came before it is applied, and nothing is lost: after the fix all is as without the fault."""
    name = await held(store, monkeypatch)
    async with quarantine(store) as desk:
        with monkeypatch.context() as patched:
            raising_for(VICTIM, patched)
            with pytest.raises(RetryFailed, match=f"{name} cannot be applied: ArithmeticError in raising"):
                await desk.retry(name, "cli:eve")
        assert [letter.id for letter in await store.letters.latest(10)] == [name]
        await desk.retry(name, "cli:eve")
    await assert_whole(store, expected_documents())


async def test_a_live_worker_learns_of_a_hold_that_ended(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on from what the retry made, although it has older documents in memory."""
    await two_kept(store)
    applier = Projector(store, TOPICS)
    await applier.take_over(LANES)
    with monkeypatch.context() as patched:
        raising_for(VICTIM, patched)
        await applier.apply(SAMPLE[:600])
    async with quarantine(store) as desk:
        (letter,) = await store.letters.latest(10)
        await desk.retry(letter.id, "cli:eve")
        await applier.apply(SAMPLE)
    await assert_whole(store, expected_documents())
    await applier.close()


async def test_a_discarded_event_is_passed_by_for_good(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What waited behind it is applied; who did it and why is kept; another generation does not apply it either."""
    name = await held(store, monkeypatch)
    place = (await store.letters.find(name))[0].position
    assert place
    async with quarantine(store) as desk:
        await desk.discard(name, "cli:eve", "sent twice by ada@mail.test")
    known = await store.discards.find(place)
    assert known
    assert (known.by, known.why) == ("cli:eve", "sent twice by …@…")
    assert known.error.startswith("ArithmeticError")
    left = [r for r in SAMPLE if (TOPICS.unprefixed_by_name[r.topic], r.partition, r.offset) != place]
    await assert_whole(store, expected_documents(left))
    other = await ReadModelStore.connect(store_url(store), f"{store.database.name}_anew")
    await other.generations.create_first_if_missing(VERSION, TOPICS.partitions, "cluster")
    await other.database["discards"].insert_many(await store.database["discards"].find().to_list(None))
    applier = Projector(other, TOPICS)
    await applier.take_over(LANES)
    await applier.apply(SAMPLE)
    assert await views(other) == expected_documents(left)
    await applier.close()
    await other.drop()
    await other.close()


def store_url(store: ReadModelStore) -> str:
    host, port = store.database.client.address
    return f"mongodb://{host}:{port}/?directConnection=true"


async def test_when_what_waited_fails_too_the_discard_stands(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    name = await held(store, monkeypatch)
    async with quarantine(store) as desk:
        with monkeypatch.context() as patched:
            raising_for(VICTIM, patched)
            with pytest.raises(RetryFailed):
                await desk.discard(name, "cli:eve", "lost")
        (next_one,) = await store.letters.latest(10)
        assert next_one.id != name
        discarded = [
            await store.discards.find(place) for place in (parse_id(name)[0], next_one.position) if place
        ]
        assert [one and one.why for one in discarded] == ["lost", None]


async def test_a_retry_may_be_cut_short_at_any_await(
    store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The next one finishes."""
    monkeypatch.setattr("projectors.operations.hold_release.STEP_EVENTS", 20)
    name, at, ended = await held(store, monkeypatch, SMALL), 0, False
    before, expected = await saved(store), expected_documents(SMALL)
    while not ended:
        at += 1
        await restore(store, before)
        async with quarantine(store) as desk:
            ended = not await cut(desk.retry(name, "cli:eve"), at)
        async with quarantine(store) as desk:
            for letter in await store.letters.latest(10):
                await desk.retry(letter.id, "cli:eve")
        await assert_whole(store, expected)
    assert at > 30


@pytest.mark.parametrize("late", [False, True], ids=["commands", "answers"])
async def test_any_command_of_a_retry_may_be_lost(
    store: ReadModelStore, wire: FaultProxy, monkeypatch: pytest.MonkeyPatch, *, late: bool
) -> None:
    """Twice, which the driver does not mend itself; the answer of a commit too."""
    name = await held(store, monkeypatch, SMALL)
    before, expected = await saved(store), expected_documents(SMALL)
    broken, after, whole = set(), 0, False
    through = ReadModelStore(wire.url, store.database.name)
    while not whole:
        await restore(store, before)
        async with quarantine(through) as desk:
            wire.plan(Fault(after, 2, late))
            try:
                await desk.retry(name, "cli:eve")
                whole = not wire.broken
            except (StoreUnavailable, DeadLetterNotFound):
                wire.plan(None)
                for letter in await store.letters.latest(10):
                    await desk.retry(letter.id, "cli:eve")
            broken |= set(wire.commands[after : after + 1])
        await assert_whole(store, expected)
        after += 1
    await through.close()
    assert broken >= {"find", "update", "delete", "commitTransaction"}
