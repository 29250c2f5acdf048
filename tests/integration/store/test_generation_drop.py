"""Generations begin and end: one is filled at a time, and nobody writes what is dropped."""

import asyncio
from datetime import UTC, datetime

import pytest

from projectors.processing.projector import Projector
from projectors.rebuild.progress import rebuilds
from read_models.projection import VERSION
from read_models.store import (
    GenerationNotFound,
    NotCaughtUp,
    OperationRefused,
    ReadModelStore,
    WriteConflict,
    initial_fill_state,
)
from tests.integration.projector.harness import LANES, SAMPLE, expected_documents, views
from tests.integration.store.harness import filled, noted

HALF = len(SAMPLE) // 2


async def test_nobody_follows_what_live_workers_keep_but_who_does_already(
    store: ReadModelStore, applier: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process that slept through the end of a rebuild takes no lanes from them."""
    monkeypatch.setattr("read_models.store.generations.lifecycle.LEASE_MS", -1000)
    generation = await store.lifecycle.begin(VERSION, "cluster", {lane: {} for lane in LANES}, noted())
    assert await store.lifecycle.acquire_leadership(generation, "leader")
    await store.views(generation).create()
    await store.lifecycle.mark_level(generation)
    assert not await store.lifecycle.acquire_leadership(generation, "late")
    assert await store.lifecycle.acquire_leadership(generation, "leader")


async def test_a_generation_that_is_not_filled_yet_is_not_offered_to_live_workers(
    store: ReadModelStore,
) -> None:
    lanes = {lane: initial_fill_state({}, {}, 0, 1) for lane in LANES}
    generation = await store.lifecycle.begin(VERSION, "cluster", lanes, noted())
    with pytest.raises(NotCaughtUp, match="not filled yet"):
        await store.lifecycle.mark_level(generation)


async def test_a_rebuild_that_was_killed_at_its_beginning_is_told_of(store: ReadModelStore) -> None:
    """By whoever goes on with it, and by the staff surface."""
    lanes = {lane: initial_fill_state({}, {}, 0, 1) for lane in LANES}
    generation = await store.lifecycle.begin(VERSION, "cluster", lanes, noted())
    await store.lifecycle.update_rebuild(generation, error=None, heard_at=datetime.now(UTC))
    [found] = await rebuilds(store, datetime.now(UTC))
    assert (found.generation, found.state, found.by) == (generation, "filling", "cli:ada")


async def test_one_generation_is_filled_at_a_time(store: ReadModelStore) -> None:
    await store.lifecycle.begin(VERSION, "cluster", {0: {}}, noted())
    with pytest.raises(WriteConflict, match="generation 2 is being filled"):
        await store.lifecycle.begin(VERSION + 1, "cluster", {0: {}}, noted())


async def test_what_is_dropped_cannot_be_written_any_more(store: ReadModelStore, applier: Projector) -> None:
    await applier.apply(SAMPLE[:HALF])
    await filled(store, SAMPLE[:HALF])
    await applier.refresh_active_generations()
    await store.lifecycle.drop(2, "cli:ada")
    await applier.apply(SAMPLE)
    assert await views(store) == expected_documents()
    assert "views_2" not in await store.database.list_collection_names()
    with pytest.raises(OperationRefused, match="generations list"):
        await store.lifecycle.drop(2, "cli:ada")


async def test_what_is_served_is_dropped_only_when_that_is_said(
    store: ReadModelStore, applier: Projector
) -> None:
    with pytest.raises(OperationRefused, match="served"):
        await store.lifecycle.drop(1, "cli:ada")
    await store.lifecycle.drop(1, "cli:ada", served=True)
    assert await store.generations.pointer(VERSION) is None
    with pytest.raises(GenerationNotFound):
        await applier.apply(SAMPLE)


async def test_what_was_left_by_whoever_was_killed_while_dropping_is_removed_by_the_next(
    store: ReadModelStore, applier: Projector, monkeypatch: pytest.MonkeyPatch
) -> None:
    await applier.apply(SAMPLE)
    await filled(store, SAMPLE)
    with monkeypatch.context() as killed:
        killed.setattr(type(store.lifecycle), "delete_retired", lambda _: asyncio.sleep(0))
        await store.lifecycle.drop(2, "cli:ada")
    assert "views_2" in await store.database.list_collection_names()
    await filled(store, SAMPLE)
    assert "views_2" not in await store.database.list_collection_names()
