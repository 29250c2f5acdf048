"""`--from-truncated`: views of what is left of a log whose beginning is lost; nobody takes them for more."""

import json
from collections.abc import Mapping

import pytest

from events.envelope import Record, decode
from projectors.kafka.records import record_of
from projectors.operations.context import OperatorContext
from read_models.documents import Doc
from tests.harness.portal_installation import Installation, Installations
from tests.integration.harness.broken_logs import VICTIM, lose, told
from tests.integration.harness.live_worker import level, sample, send
from tests.integration.harness.operator import apply, at, documents, published
from tests.integration.rebuild.harness import documents as all_of
from tests.support.in_memory_store import InMemoryStore

LINES = sample(2)
LOST: Mapping[tuple[str, int], int] = {
    ("visits", 0): 40,
    ("visits", 1): 7,
    ("customers", 0): 1,
    ("payments", 1): 9,
}
WHY = "the disk of broker 2 is gone"
ANYHOW = ("--from-truncated", "--reason", WHY)


@pytest.fixture
async def one(installation: Installations) -> Installation:
    """An installation of two lanes, whose views are level and whose log has lost its beginning since."""
    made = await published(installation, LINES)
    async with at(made) as here:
        await apply(here)
    await lose(made, LOST)
    return made


async def left(here: OperatorContext) -> dict[str, Doc]:
    """The documents that what is left of the log makes."""
    lanes = range(here.cluster.topics.partitions)
    beginnings, found = await here.log.beginning_offsets(lanes), list[Record]()
    for place, end in (await here.log.end_offsets(lanes)).items():
        async for read in here.log.scan(place, beginnings[place], end):
            found += [record_of(one) for one in read]
    found.sort(key=lambda record: record.timestamp)
    memory = InMemoryStore()
    memory.apply(decode(record, here.cluster.topics) for record in found)
    return memory.docs


async def test_views_are_made_of_what_is_left_served_and_gone_on_with(one: Installation) -> None:
    """The reason stands in the audit and with the generation; from then on what is lost hinders nobody."""
    estimated = await one.run("rebuild", "--dry-run", *ANYHOW)
    told(estimated, 0)
    assert f"{len(LINES) - sum(LOST.values()):,} records to read" in estimated.stdout
    made = await one.run("rebuild", "--json", "--workers", "2", *ANYHOW)
    told(made, 0)
    said = [json.loads(line) for line in made.stdout.splitlines()]
    assert said[-1] == {"generation": 2, "state": "done", "serves": False, "truncated": WHY}
    assert {line["records_total"] for line in said[:-1]} == {len(LINES) - sum(LOST.values())}
    assert said[-2]["records_done"] == said[-2]["records_total"]
    told(await one.run("promote"), 0)
    there = json.loads((await one.run("generations", "list", "--json")).stdout)
    assert {state: there[state] for state in ("served", "standby", "level", "filling")} == {
        "served": 2,
        "standby": 1,
        "level": None,
        "filling": None,
    }
    [newest, first] = there["items"]
    assert (newest["generation"], newest["truncated"], first["truncated"]) == (2, WHY, None)
    listed = (await one.run("generations", "list", COLUMNS="300")).stdout
    assert ("from a truncated log" in listed, WHY in listed) == (True, True)
    [noted] = [
        action for action in await all_of(one, "audit") if action["action"] == "rebuild.from_truncated"
    ]
    assert (noted["action"], noted["about"], noted["detail"]) == ("rebuild.from_truncated", "2", WHY)

    project = one.start("project")
    await project.says("lanes taken over")
    more = sample(1, first=5)
    await send(one, more)
    await level(one, len(LINES) + len(more))
    found = await one.run("lag", "--json")
    assert (json.loads(found.stdout)["state"], found.stderr) == ("ok", "")
    async with at(one) as here:
        assert await documents(here, 2) == await left(here)
    verified = await one.run("verify")
    told(verified, 0)
    assert "0 differences" in verified.stdout
    again = await one.run("rebuild", "--customer", VICTIM)
    assert (again.returncode, "generation 1 holds more than could be made again" in again.stderr) == (1, True)
    told(await one.run("generations", "drop", "1"), 0)
    told(await one.run("rebuild", "--customer", VICTIM), 0)
    told(await one.run("verify", "--customer", VICTIM), 0)

    await lose(one, {("visits", 0): 41})
    assert await project.ended() == 1
    assert "the log does not begin any more where it did" in project.output()
    told(await one.run("verify"), 1, "does not begin any more where it did", "--from-truncated --reason")


async def test_views_that_lack_what_is_lost_do_not_stand_by(installation: Installations) -> None:
    """Nobody could keep them up to date: a worker that never got so far is followed by one that goes on."""
    one = await published(installation, LINES)
    await lose(one, LOST)
    project = one.start("project")
    assert await project.ended() == 1
    done = await one.run("rebuild", "--promote", "--workers", "1", *ANYHOW)
    told(done, 0)
    assert "generation 2 is served, made from a log that does not begin at offset 0" in done.stdout
    [pointer] = await all_of(one, "pointers")
    assert (pointer["served"], pointer["standby"]) == (2, None)
    project = one.start("project")
    await project.says("lanes taken over")
    told(await one.run("verify"), 0)
    assert await project.stop() == 0


async def test_verify_compares_with_what_is_left_when_told_to(one: Installation) -> None:
    """What the log has lost is a difference then; who was told why is kept."""
    done = await one.run("verify", *ANYHOW)
    told(done, 1, "what is served is not what the log gives")
    assert "Traceback" not in done.stderr
    [noted] = await all_of(one, "audit")
    assert (noted["action"], noted["detail"]) == ("verify.from_truncated", WHY)


async def test_it_needs_a_reason_and_goes_with_everything_only(one: Installation) -> None:
    for command in (
        ("rebuild", "--from-truncated"),
        ("rebuild", "--reason", "why not"),
        ("verify", "--from-truncated", "--reason", " "),
    ):
        told(await one.run(*command), 2, "--from-truncated needs a --reason")
    told(await one.run("rebuild", "--customer", VICTIM, *ANYHOW), 2, "--customer goes with --json alone")


async def test_an_unfinished_rebuild_of_more_of_the_log_is_not_gone_on_with(one: Installation) -> None:
    """Its slices would not be of one log."""
    begun = one.start("rebuild", "--max-rate", "20", "--workers", "1", "--json", *ANYHOW)
    await begun.says('"state":"filling"')
    begun.kill()
    await lose(one, {("visits", 0): 41})
    told(
        await one.run("rebuild", *ANYHOW),
        1,
        "generation 2, which is unfinished, cannot be gone on with",
        "--restart begins anew",
    )
    restarted = await one.run("rebuild", "--restart", "--workers", "1", *ANYHOW)
    told(restarted, 0)
    assert "generation 3 is level" in restarted.stdout
