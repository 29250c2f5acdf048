"""`portal rebuild` on a real log: what it fills, what goes on beside it, what is refused."""

import json
from collections import Counter

from read_models.projection import VERSION
from tests.harness.portal_installation import Installations
from tests.integration.harness.live_worker import expected, sample, send
from tests.integration.rebuild.harness import caught_up, documents, ended, made, views


async def test_a_rebuild_beside_a_live_worker_gives_what_is_served_and_is_promoted(
    installation: Installations,
) -> None:
    lines = sample()
    one = await made(installation, lines)
    live = one.start("project")
    await caught_up(one, len(lines))
    rebuilding = one.start("rebuild", "--promote", "--workers", "2", "--json")
    assert await ended(rebuilding) == 0, rebuilding.output()
    assert await views(one, 1) == await views(one, 2) == expected(lines)
    [pointer] = await documents(one, "pointers")
    assert pointer == {"_id": VERSION, "served": 2, "standby": 1, "level": None}
    lines_said = [json.loads(line) for line in rebuilding.output().splitlines()]
    said = [line for line in lines_said if "state" in line]
    assert said[-1] == {"generation": 2, "state": "done", "serves": True}
    assert {one["records_total"] for one in said[:-1]} == {len(lines)}
    more = sample(first=1)
    await send(one, more)
    await caught_up(one, len(lines) + len(more))
    assert await views(one, 1) == await views(one, 2) == expected([*lines, *more])
    assert live.alive()
    counts: list[Counter[str]] = [Counter(), Counter()]
    for checkpoint in await documents(one, "checkpoints"):
        counts[checkpoint["generation"] - 1].update(checkpoint["counts"])
    # How many events come after an erasure depends on the interleaving of the topics, live as well.
    assert counts[0] - Counter(erased=counts[0]["erased"]) == counts[1] - Counter(erased=counts[1]["erased"])
