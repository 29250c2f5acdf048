"""`portal dead-letters`: what operators see of the quarantine, and what they can do about it."""

import json

from aiokafka import AIOKafkaProducer

from tests.harness.portal_installation import Installation, Installations
from tests.integration.harness.live_worker import level, publish, sample


async def send_raw(one: Installation, key: bytes, value: bytes) -> None:
    """Puts a record on the visits, whatever it is."""
    async with AIOKafkaProducer(bootstrap_servers=one.env["PORTAL_KAFKA_BOOTSTRAP"], acks="all") as producer:
        await producer.send_and_wait(one.env["PORTAL_TOPIC_PREFIX"] + "visits", value, key, partition=0)


async def quarantined(installation: Installations) -> Installation:
    """An installation with three records that cannot be read, of two kinds; one names nobody."""
    one = await installation(PORTAL_PARTITIONS="1")
    await one.create_topics()
    lines = sample(1)
    await publish(one, lines)
    await send_raw(one, b"biz_s0-0/cus_0", b'{"type": "x", "emails": ["ada@mail.test"], "name": "Ada"}')
    await send_raw(one, b"biz_s0-0/cus_9", b"ada@mail.test is \xff no JSON")
    await send_raw(one, b"nobody at all", b"")
    project = one.start("project")
    await level(one, len(lines) + 3)
    await project.stop()
    return one


async def test_the_quarantine_is_listed_shown_and_emptied(installation: Installations) -> None:
    """By error, counted by lane; contact data is masked; what is discarded is gone and names who did it and why."""
    one = await quarantined(installation)
    listed = await one.run("dead-letters", "list", "--json")
    assert listed.returncode == 0, listed.stderr
    found = json.loads(listed.stdout)
    assert sorted((error["kind"], error["by_lane"]) for error in found["errors"]) == [
        ("unreadable", {"0": error["count"]}) for error in found["errors"]
    ]
    names = {letter["customer"]: letter["id"] for letter in found["items"]}
    assert names.keys() == {"cus_0", "cus_9", None}
    table = (await one.run("dead-letters", "list")).stdout
    assert all(name in table for name in names.values())
    assert "names nobody" in table
    for name in names.values():
        shown = await one.run("dead-letters", "show", name)
        assert shown.returncode == 0, shown.stderr
        assert "ada@" not in shown.stdout
        assert "Ada" not in shown.stdout
    still = await one.run("dead-letters", "retry", names["cus_0"])
    assert (still.returncode, "still cannot be read" in still.stderr) == (1, True)
    nobody = names[None]
    done = await one.run("dead-letters", "discard", nobody, "--reason", "a test by mistake", "--by", "eve")
    assert (done.returncode, done.stdout) == (0, f"{nobody}: discarded, 0 records applied\n"), done.stderr
    left = json.loads((await one.run("dead-letters", "list", "--json")).stdout)
    assert {letter["id"] for letter in left["items"]} == {names["cus_0"], names["cus_9"]}
    discard = json.loads((await one.run("dead-letters", "show", nobody, "--json")).stdout)["discard"]
    assert (discard["by"], discard["why"]) == ("cli:eve", "a test by mistake")
    again = await one.run("dead-letters", "discard", nobody, "--reason", "again")
    assert (again.returncode, "portal dead-letters list" in again.stderr) == (1, True)


async def test_wrong_usage_is_named(installation: Installations) -> None:
    one = await installation()
    for arguments in (("retry",), ("retry", "visits-0-1", "--all"), ("discard", "visits-0-1")):
        done = await one.run("dead-letters", *arguments)
        assert done.returncode == 2, done.stderr
    empty = await one.run("dead-letters", "list")
    assert (empty.returncode, empty.stdout) == (0, "The quarantine is empty.\n")
    away = await one.run("dead-letters", "list", PORTAL_MONGO_URL="mongodb://127.0.0.1:1/")
    assert (away.returncode, "MongoDB does not answer" in away.stderr) == (1, True)
