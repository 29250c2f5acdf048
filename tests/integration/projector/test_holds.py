"""An event that cannot be applied for a reason of its own holds its customer, and nobody else."""

from collections.abc import Callable
from typing import Any

import pytest

from events.envelope import Event
from projectors.processing.projector import LaneOwnershipLost, Projector
from read_models.documents import Doc
from read_models.projection import fold
from read_models.store import ReadModelStore
from tests.integration.projector.harness import LANES, SAMPLE, TOPICS, documents_of, expected_documents, views

VICTIM = "biz_s0/cus_0"


def raising_for(
    key: str, monkeypatch: pytest.MonkeyPatch, where: str = "projectors.processing.batch_builder.fold"
) -> None:
    """Has the fold raise for a customer's invoices."""

    def raising(events: list[Event], cache: Any) -> Any:
        for event in events:
            if event.kind == "invoice" and f"{event.business}/{event.customer}" == key:
                raise ArithmeticError("ada@mail.test")
        return (yield from fold(events, cache))

    monkeypatch.setattr(where, raising)


def spoiling(key: str, spoil: Callable[[Doc], None], monkeypatch: pytest.MonkeyPatch) -> None:
    """Has the fold make something of a customer's dashboard."""

    def spoilt(events: list[Event], cache: Any) -> Any:
        changes = yield from fold(events, cache)
        if key in changes.save:
            spoil(changes.save[key])
        return changes

    monkeypatch.setattr("projectors.processing.batch_builder.fold", spoilt)


def assert_others_are_right(found: dict[str, Doc], key: str) -> None:
    """Everybody but one customer is as if nothing had happened."""
    expected = expected_documents()
    held, left = documents_of(key, found), documents_of(key, expected)
    assert {_id: found[_id] for _id in found.keys() - held} == {
        _id: expected[_id] for _id in expected.keys() - left
    }


async def test_when_the_fold_raises_its_customer_waits(
    store: ReadModelStore, applier: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising_for(VICTIM, monkeypatch)
    await applier.apply(SAMPLE)
    assert_others_are_right(await views(store), VICTIM)
    [hold] = [found async for found in store.database["holds"].find()]
    assert (hold["owner"], hold["topic"]) == (VICTIM, "invoices")
    assert hold["reason"].startswith("ArithmeticError in raising")
    assert "ada" not in hold["reason"]
    begun = next(place for place, r in enumerate(SAMPLE) if _place(r) == (hold["topic"], hold["offset"]))
    waiting = {(found["topic"], found["offset"]) async for found in store.database["waiting"].find()}
    assert waiting == {_place(r) for r in SAMPLE[begun + 1 :] if r.key == VICTIM.encode()}
    assert await store.dead_letters.counts(1) == (1, len(waiting))


def _place(record: Any) -> tuple[str, int] | None:
    if record.key != VICTIM.encode():
        return None
    return TOPICS.unprefixed_by_name[record.topic], record.offset


async def test_a_held_customer_waits_with_the_lane_s_next_worker_too(
    store: ReadModelStore, applier: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    raising_for(VICTIM, monkeypatch)
    await applier.apply(SAMPLE[:600])
    waited = await store.database["waiting"].count_documents({})
    held = documents_of(VICTIM, await views(store))
    successor = Projector(store, TOPICS)
    await successor.take_over(LANES)
    with pytest.raises(LaneOwnershipLost):
        await applier.apply(SAMPLE)
    await successor.apply(SAMPLE)
    assert documents_of(VICTIM, await views(store)) == held
    assert await store.database["waiting"].count_documents({}) > waited > 0
    await successor.close()


async def test_erasing_a_customer_ends_the_hold_and_removes_what_waited(
    store: ReadModelStore, applier: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    erased = next(found["_id"] for found in expected_documents().values() if found.get("erased"))
    raising_for(erased, monkeypatch)
    end = next(
        place
        for place, r in enumerate(SAMPLE)
        if r.key == erased.encode() and b"customer.erased" in (r.value or b"")
    )
    await applier.apply(SAMPLE[:end])
    assert await store.database["holds"].count_documents({"owner": erased}) == 1
    monkeypatch.undo()
    await applier.apply(SAMPLE)
    assert await store.dead_letters.counts(1) == (0, 0)
    assert await views(store) == expected_documents()


@pytest.mark.parametrize(
    "spoil",
    [
        pytest.param(lambda document: document.update(bloat="x" * 17_000_000), id="too large"),
        pytest.param(lambda document: document.update(large=10**30), id="too large an integer"),
        pytest.param(lambda document: document.update(text="\ud800"), id="a lone surrogate"),
        pytest.param(lambda document: document.update(deep=_nested(250)), id="too deep"),
    ],
)
async def test_a_document_that_cannot_be_stored_holds_its_customer(
    store: ReadModelStore, applier: Projector, monkeypatch: pytest.MonkeyPatch, spoil: Callable[[Doc], None]
) -> None:
    spoiling(VICTIM, spoil, monkeypatch)
    await applier.apply(SAMPLE[:200])
    assert [found["owner"] async for found in store.database["holds"].find()] == [VICTIM]
    monkeypatch.undo()
    await applier.apply(SAMPLE)
    assert_others_are_right(await views(store), VICTIM)


def _nested(depth: int) -> Any:
    return {"in": _nested(depth - 1)} if depth else 0
