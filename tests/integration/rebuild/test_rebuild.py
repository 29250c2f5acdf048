"""`portal rebuild` on a real log: what it fills, what goes on beside it, what is refused."""

import json
from collections import Counter

from pymongo import AsyncMongoClient

from read_models.documents import Doc
from read_models.project import VERSION
from tests.integration.live import expected, level, publish, sample, send
from tests.processes import Installation, Installations


async def documents(one: Installation, collection: str) -> list[Doc]:
    """All documents of a collection."""
    async with AsyncMongoClient[Doc](one.env["PORTAL_MONGO_URL"], tz_aware=True) as client:
        return await client[one.env["PORTAL_MONGO_DATABASE"]][collection].find().to_list(None)


async def views(one: Installation, generation: int) -> dict[str, Doc]:
    """The documents of a generation."""
    return {document["_id"]: document for document in await documents(one, f"views_{generation}")}


async def made(installation: Installations, lines: list[bytes], **settings: str) -> Installation:
    """An installation with four lanes and a log."""
    one = await installation(PORTAL_PARTITIONS="4", **settings)
    done = await one.run("topics", "create")
    assert done.returncode == 0, done.stderr
    await publish(one, lines)
    return one


async def test_a_rebuild_beside_a_live_worker_gives_what_is_served_and_is_promoted(
    installation: Installations,
) -> None:
    lines = sample()
    one = await made(installation, lines)
    live = one.start("project")
    await level(one, len(lines))
    rebuilding = one.start("rebuild", "--promote", "--workers", "2", "--json")
    assert await rebuilding.ended() == 0, rebuilding.output()
    assert await views(one, 1) == await views(one, 2) == expected(lines)
    [pointer] = await documents(one, "pointers")
    assert pointer == {"_id": VERSION, "served": 2, "standby": 1, "level": None}
    lines_said = [json.loads(line) for line in rebuilding.output().splitlines()]
    said = [line for line in lines_said if "state" in line]
    assert said[-1] == {"generation": 2, "state": "done", "serves": True}
    assert {one["records_total"] for one in said[:-1]} == {len(lines)}
    more = sample(first=1)
    await send(one, more)
    await level(one, len(lines) + len(more))
    assert await views(one, 1) == await views(one, 2) == expected([*lines, *more])
    assert live.alive()
    counts: list[Counter[str]] = [Counter(), Counter()]
    for checkpoint in await documents(one, "checkpoints"):
        counts[checkpoint["generation"] - 1].update(checkpoint["counts"])
    # How many events come after an erasure depends on the interleaving of the topics, live as well.
    assert counts[0] - Counter(erased=counts[0]["erased"]) == counts[1] - Counter(erased=counts[1]["erased"])
