"""The installations that tests share a stack with: each by itself, and gone afterwards."""

from pathlib import Path

from aiokafka.admin import AIOKafkaAdminClient
from pymongo import MongoClient

from events.topics import Topics
from local_stack.stack import Stack
from tests.harness.portal_installation import Installation, Installations, until


async def topics_of(stack: Stack, one: Installation) -> set[str]:
    admin = AIOKafkaAdminClient(bootstrap_servers=stack.env["PORTAL_KAFKA_BOOTSTRAP"])
    await admin.start()
    try:
        prefix = one.env["PORTAL_TOPIC_PREFIX"]
        return {name for name in await admin.list_topics() if name.startswith(prefix)}
    finally:
        await admin.close()


async def test_each_has_topics_ports_and_a_database_of_its_own(
    stack: Stack, installation: Installations
) -> None:
    """What one makes is not seen by the other."""
    one, other = await installation(PORTAL_PARTITIONS="1"), await installation()
    await one.create_topics()
    assert await topics_of(stack, one) == set(Topics(one.env["PORTAL_TOPIC_PREFIX"], 1).names)
    assert await topics_of(stack, other) == set()
    for name in ("PORT", "STAFF_PORT", "PUBLIC_URL", "MONGO_DATABASE", "MEDIA_URL", "CACHE_URL"):
        assert one.env[f"PORTAL_{name}"] != other.env[f"PORTAL_{name}"]


async def test_nothing_is_left_of_one_that_was_closed(stack: Stack, tmp_path: Path) -> None:
    """Its processes end, its topics and its database go."""
    async with Installation(stack.env, tmp_path, PORTAL_PARTITIONS="1") as one:
        await one.create_topics()
        database = one.env["PORTAL_MONGO_DATABASE"]
        with MongoClient[dict[str, str]](one.env["PORTAL_MONGO_URL"]) as client:
            client[database].get_collection("things").insert_one({"_id": "a"})
        process = one.start("publish", "/dev/null")
        await until(lambda: not process.alive(), "the end of an empty log")

    async def forgotten() -> bool:
        # The broker tells of a topic for a moment after the controller has deleted it.
        return not await topics_of(stack, one)

    await until(forgotten, "the end of the topics")
    with MongoClient[dict[str, str]](stack.env["PORTAL_MONGO_URL"]) as client:
        assert database not in client.list_database_names()
