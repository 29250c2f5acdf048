"""Transactions that cannot succeed are tried again for as long as their writer has patience, and not for ever."""

from typing import Any

import pytest

from projectors.processing.projector import Projector
from read_models.store import ReadModelStore, StoreUnavailable, WriteConflict
from read_models.store.writer import lsid
from tests.integration.projector.harness import SAMPLE, expected_documents, views


async def test_a_transaction_that_the_server_ends_each_time_is_given_up(store: ReadModelStore) -> None:
    """MongoDB says of every one of them that there is no such transaction (251): as a mistake of ours would have it."""
    tried = 0
    writer = store.writer(patience_s=1)
    await writer.open()

    async def ended(session: Any) -> None:
        nonlocal tried
        tried += 1
        await store.database.client.admin.command("killSessions", [{"id": lsid(writer.session_id)}])
        await store.database["discards"].insert_one({"_id": "x"}, session=session)

    with pytest.raises(StoreUnavailable, match="251"):
        await writer.transact_alongside_worker(0, [1], ended)
    assert (tried > 3, writer.retries) == (True, tried - 1)

    async def work(session: Any) -> None:
        await store.database["discards"].insert_one({"_id": "y"}, session=session)

    await writer.transact_alongside_worker(0, [1], work)  # the session is as good as before
    assert [found["_id"] async for found in store.database["discards"].find()] == ["y"]
    await writer.close()


async def test_a_lane_that_somebody_else_holds_is_given_up(store: ReadModelStore, applier: Projector) -> None:
    """A transaction of a session that no checkpoint names, which nobody can end; afterwards all goes on."""
    writer = store.writer(patience_s=1)
    await writer.open()

    async def nothing(_: Any) -> None:
        pass

    client = store.database.client
    async with await client.start_session() as stranger, stranger.start_transaction():
        held = {"$inc": {"revision": 1}}
        await store.database["checkpoints"].update_one({"_id": "1/0"}, held, session=stranger)
        with pytest.raises(WriteConflict):
            await writer.transact_alongside_worker(0, [1], nothing)
        await stranger.abort_transaction()
    await writer.transact_alongside_worker(0, [1], nothing)
    await writer.close()
    await applier.apply(SAMPLE)
    assert await views(store) == expected_documents()
