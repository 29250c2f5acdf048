"""Logs that cannot be those that the views were made from: nobody goes on silently.

See docs/contracts/api.md, Command line.
"""

import pytest

from events.topics import Topics
from tests.harness.portal_installation import Installation, Installations
from tests.integration.harness.broken_logs import broken, configure, empty, lose, refused, told, widen
from tests.integration.harness.live_worker import level, sample, send
from tests.integration.harness.operator import apply, at, published

ANOTHER = "give this log another PORTAL_MONGO_DATABASE"
LINES = sample(1)
SHORT = tuple(Topics("", 1).names)


@pytest.fixture
async def one(installation: Installations) -> Installation:
    """An installation of two lanes whose views are level."""
    made = await published(installation, LINES)
    async with at(made) as here:
        await apply(here)
    return made


async def test_a_log_shorter_than_the_views_is_refused(one: Installation) -> None:
    """The topics were deleted and made again, say."""
    await empty(one)
    await send(one, LINES[:200])
    await refused(one, "the log is shorter than the views in", ANOTHER)


async def test_a_log_made_anew_is_refused_however_long_it_is(one: Installation) -> None:
    """The topics were deleted and filled again with the same events, say."""
    assert (await one.run("verify")).returncode == 0
    await empty(one)
    await send(one, LINES)
    await refused(one, "the log was made anew, its oldest records are others, in", ANOTHER)


async def test_an_unfinished_rebuild_of_a_log_made_anew_is_not_gone_on_with(
    installation: Installations,
) -> None:
    """Its slices would not be of one log; how that began is known before the first of them is read."""
    one = await published(installation, LINES)
    begun = one.start("rebuild", "--max-rate", "20", "--workers", "1", "--json")
    await begun.says('"state":"filling"')
    begun.kill()
    await empty(one)
    await send(one, LINES)
    told(
        await one.run("rebuild"),
        1,
        "generation 1, which is unfinished, cannot be gone on with",
        "the log was made anew",
        "--restart begins anew",
    )
    restarted = await one.run("rebuild", "--restart", "--workers", "1")
    told(restarted, 0)
    assert "generation 2 is level" in restarted.stdout


async def test_another_cluster_is_refused(one: Installation) -> None:
    async with at(one) as here:
        records = here.store.database["generations"]
        await records.update_one({"_id": 1}, {"$set": {"cluster_id": "theirs"}})
        mine = here.cluster.id
    await refused(one, f"the views were made from cluster theirs, this is {mine}", ANOTHER)


async def test_another_number_of_partitions_is_refused(one: Installation) -> None:
    await widen(one, *SHORT, to=3)
    await refused(one, "the views were made from 2 partitions a topic, now there are 3", ANOTHER)


async def test_topics_of_different_partition_counts_are_refused(one: Installation) -> None:
    """One of them was given more: its customers' events would not meet any more."""
    await widen(one, "visits", to=3)
    await refused(one, "visits has 3", "another PORTAL_TOPIC_PREFIX")


async def test_a_log_that_does_not_begin_at_0_is_refused(one: Installation) -> None:
    await lose(one, {("visits", 0): 3})
    where = f"the log does not begin at offset 0 in {one.env['PORTAL_TOPIC_PREFIX']}visits/0"
    await refused(one, where, "--from-truncated --reason")


async def test_a_worker_stops_when_its_log_is_cut_or_widened_below_it(installation: Installations) -> None:
    """Also while it works: it does not go on until its next start."""

    async def cut(one: Installation) -> None:
        await lose(one, {("visits", 1): 5})

    async def widened(one: Installation) -> None:
        await widen(one, *SHORT, to=3)

    for harm, text in (
        (cut, "does not begin at offset 0"),
        (widened, "from 2 partitions a topic, now there are 3"),
    ):
        one = await published(installation, LINES)
        project = one.start("project")
        await level(one, len(LINES))
        await harm(one)
        assert await project.ended() == 1
        assert text in project.output()
        await broken(one, text)


async def test_topics_that_forget_are_said_by_whoever_reads_them(one: Installation) -> None:
    """By settings of each kind; nobody stops for it, as nothing is lost yet."""
    prefix = one.env["PORTAL_TOPIC_PREFIX"]
    assert "warning" not in (await one.run("verify")).stderr
    await configure(one, "visits", retention_ms="3600000")
    await configure(
        one, "proofs", retention_ms="-1", retention_bytes="1000000000", cleanup_policy="compact,delete"
    )
    warned = (
        f"warning: {prefix}visits is not kept for ever, retention.ms is 3600000: set retention.ms",
        f"warning: {prefix}proofs is not kept for ever, cleanup.policy is compact,delete, retention.bytes is",
    )
    for command in (("verify",), ("rebuild", "--dry-run"), ("lag", "--json"), ("rebuild", "--workers", "1")):
        told(await one.run(*command), 0, *warned)
    assert warned[0] in (await one.run("lag", COLUMNS="300")).stdout
    project = one.start("project")
    await project.says('"event": "a topic is not kept for ever"')
    await project.says(f"{prefix}proofs")
    assert await project.stop() == 0
