"""Lanes of a generation filled from a real log, in this process, whatever interrupts it."""

import asyncio
import random
from collections.abc import AsyncIterator

import pytest

from events.envelope import Event
from portal.settings import Settings
from projectors.kafka.log_reader import open_log_reader
from projectors.kafka.topology import discover
from projectors.rebuild import fill_worker as filling
from projectors.rebuild import slice_reader
from projectors.rebuild.coordinator import RebuildPlan, plan_lanes, rebuild
from projectors.rebuild.fill_worker import fill
from read_models.projection import VERSION, fold_complete_history
from read_models.store import (
    InsertBatch,
    LaneClaim,
    LaneFiller,
    OperationRefused,
    ReadModelStore,
    ViewCollection,
)
from tests.harness.portal_installation import Installation, Installations
from tests.integration.harness.live_worker import expected, four_lanes, sample, send
from tests.integration.rebuild.harness import documents, views
from tests.integration.store.harness import noted

LINES = sample()
HELD = "biz_s0-0/cus_0"


class Killed(Exception):
    """The process ends here."""


@pytest.fixture
async def one(installation: Installations) -> Installation:
    """An installation whose topics hold the sample."""
    made = await four_lanes(installation)
    await send(made, LINES)
    return made


@pytest.fixture
async def store(one: Installation) -> AsyncIterator[ReadModelStore]:
    """Its store."""
    opened = await ReadModelStore.connect(one.env["PORTAL_MONGO_URL"], one.env["PORTAL_MONGO_DATABASE"])
    yield opened
    await opened.close()


async def begun(one: Installation, store: ReadModelStore) -> int:
    """The number of a generation that is to be filled."""
    installation = Settings.read(one.env).installation
    cluster = await discover(installation.kafka, installation.topic_prefix)
    async with open_log_reader(installation.kafka, cluster.topics) as log:
        lanes = await plan_lanes(cluster, log)
        return await store.lifecycle.begin(VERSION, cluster.id, lanes, noted())


async def test_interrupted_again_and_again_it_repeats_what_was_unfinished_and_gives_the_same(
    one: Installation, store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("read_models.store.generations.fill_claims.CLAIM_TIMEOUT_MS", -1000)
    monkeypatch.setattr(slice_reader, "SLICE_BYTES", 50_000)
    monkeypatch.setattr(filling, "PORTION_DOCUMENTS", 20)
    chance, real, left = random.Random(3), LaneFiller.insert, 0

    async def cut(self: LaneFiller, claim: LaneClaim, portion: InsertBatch) -> None:
        nonlocal left
        left -= 1
        late = chance.random() < 0.5
        if left >= 0 or late:
            await real(self, claim, portion)
        if left < 0:
            raise Killed

    monkeypatch.setattr(LaneFiller, "insert", cut)
    installation = Settings.read(one.env).installation
    generation = await begun(one, store)
    reached, killed = 0, 0
    while (await store.filling(generation).progress()).lanes_left:
        left = 2 + killed
        try:
            await fill(installation, generation, None)
        except Killed:
            killed += 1
        finished = sum(found["filled"] for found in await documents(one, "checkpoints"))
        assert finished >= reached
        reached = finished
    assert killed > 2
    assert await views(one, generation) == expected(LINES)
    assert await store.filling(generation).progress() == (len(LINES), len(LINES), 0)


async def test_several_share_the_lanes(one: Installation, store: ReadModelStore) -> None:
    installation = Settings.read(one.env).installation
    generation = await begun(one, store)
    await asyncio.gather(*(fill(installation, generation, None) for _ in range(3)))
    assert await views(one, generation) == expected(LINES)
    revisions = [found["revision"] for found in await documents(one, "checkpoints")]
    assert all(revisions)


async def test_an_event_that_cannot_be_applied_holds_its_customer_and_nobody_else(
    one: Installation, store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    def raising(events: list[Event]) -> object:
        every = list(events)
        if any(e.kind == "invoice" and f"{e.business}/{e.customer}" == HELD for e in every):
            raise ArithmeticError("ada@mail.test")
        return fold_complete_history(every)

    monkeypatch.setattr("projectors.rebuild.owner_fold.fold_complete_history", raising)
    generation = await begun(one, store)
    await fill(Settings.read(one.env).installation, generation, None)
    found, whole = await views(one, generation), expected(LINES)

    def others(of: dict[str, dict[str, object]]) -> dict[str, object]:
        return {_id: document for _id, document in of.items() if not f"{_id}/".startswith(f"{HELD}/")}

    assert others(found) == others(whole)
    [hold] = await documents(one, "holds")
    assert (hold["generation"], hold["owner"], hold["topic"]) == (generation, HELD, "invoices")
    assert {waiting["owner"] for waiting in await documents(one, "waiting")} == {HELD}
    assert (await store.dead_letters.counts(generation))[0] == 1


async def test_what_is_dropped_while_it_is_indexed_leaves_nothing(
    one: Installation, store: ReadModelStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The indexes are asked for again, as MongoDB was away, and that makes the collection anew."""
    real = ViewCollection.create

    async def dropped_first(self: ViewCollection) -> None:
        await store.lifecycle.drop(self.generation, "cli:ada")
        await real(self)

    installation = Settings.read(one.env).installation
    generation = await begun(one, store)
    await fill(installation, generation, None)
    monkeypatch.setattr(ViewCollection, "create", dropped_first)
    plan = RebuildPlan((), 1, None, "cli:ada", promoting=False, restart=False)
    with pytest.raises(OperationRefused, match="was dropped"):
        await rebuild(installation, store, plan, lambda *_: None)
    assert f"views_{generation}" not in await store.database.list_collection_names()
