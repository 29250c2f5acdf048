"""The live worker, with real servers, when nothing goes wrong beyond what its users do."""

import asyncio
import os
import signal

import psutil
from aiokafka import AIOKafkaConsumer, TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions
from pymongo import AsyncMongoClient

from events.topics import Topics
from projectors.live import consumer_group
from read_models.projection import VERSION
from tests.harness.portal_installation import Installation, Installations, Process, until
from tests.integration.harness.live_worker import (
    checkpoints,
    expected,
    four_lanes,
    lag,
    lanes_held,
    level,
    publish,
    sample,
    stored,
    worker_of,
)


async def share(workers: list[Process], lanes: int) -> None:
    """Returns when each of the workers holds lanes, together they hold all, and no lane twice."""

    def shared() -> bool:
        held = [lanes_held(worker) for worker in workers]
        return all(held) and sorted(lane for some in held for lane in some) == list(range(lanes))

    await until(shared, f"{len(workers)} workers that share {lanes} lanes")


async def test_what_is_published_is_in_the_views(installation: Installations) -> None:
    """Both modes, redeliveries included, become the documents of the fold, and the worker ends when told to."""
    one, lines = await four_lanes(installation), sample()
    project = one.start("project")
    await publish(one, lines)
    await publish(one, lines, "binary")
    await level(one, 2 * len(lines))
    assert await stored(one) == expected(lines)
    assert await project.stop() == 0
    assert not psutil.pid_exists(worker_of(project))


async def test_an_idle_lane_says_up_to_when_it_was_read(installation: Installations) -> None:
    """Also lanes without any record are level from the first look at their ends on."""
    one = await four_lanes(installation)
    one.start("project")

    async def all_level() -> bool:
        found = await checkpoints(one)
        return len(found) == 4 and all(lane["level_at"] for lane in found)

    await until(all_level, "lanes that are level")


async def test_three_workers_share_four_lanes(installation: Installations) -> None:
    """Each gets a lane at least, whole; when one ends, the others have its lanes at once."""
    one, lines = await four_lanes(installation), sample()
    workers = [one.start("project") for _ in range(3)]
    await share(workers, 4)
    assert sorted(len(lanes_held(worker)) for worker in workers) == [1, 1, 2]
    await publish(one, lines)
    await level(one, len(lines))
    assert await workers[0].stop() == 0
    await share(workers[1:], 4)
    await publish(one, more := sample(first=1))
    await level(one, len(lines + more))
    assert await stored(one) == expected(lines + more)


async def test_a_worker_without_a_lane_waits_outside_the_group(installation: Installations) -> None:
    """It says so, disturbs nobody, and steps in when a place gets free."""
    one = await installation(PORTAL_PARTITIONS="1")
    await one.create_topics()
    first = one.start("project")
    await first.says("lanes taken over")
    second = one.start("project")
    await second.says("1 workers share 1 lanes already")
    assert lanes_held(first) == {0}
    await first.stop()
    await second.says("lanes taken over")


async def test_a_group_that_committed_too_far_is_set_back(installation: Installations) -> None:
    """What Kafka's commits say is applied and is not, is read again, also where nothing comes later."""
    one, lines = await four_lanes(installation), sample()
    await publish(one, lines)
    name = consumer_group.group_id(one.env["PORTAL_TOPIC_PREFIX"], one.env["PORTAL_MONGO_DATABASE"], VERSION)
    consumer = AIOKafkaConsumer(
        bootstrap_servers=one.env["PORTAL_KAFKA_BOOTSTRAP"], group_id=name, enable_auto_commit=False
    )
    await consumer.start()
    try:
        topics = Topics(one.env["PORTAL_TOPIC_PREFIX"], 4)
        everywhere = [TopicPartition(topic, lane) for topic in topics.names for lane in range(4)]
        consumer.assign(everywhere)
        await consumer.commit(await consumer.end_offsets(everywhere))
    finally:
        await consumer.stop()
    one.start("project")
    await level(one, len(lines))
    assert await stored(one) == expected(lines)


async def test_a_worker_waits_for_the_topics(installation: Installations) -> None:
    """It says what to do, and begins when it is done."""
    one = await installation(PORTAL_PARTITIONS="1")
    project = one.start("project")
    await project.says("run `portal topics create`")
    await one.run("topics", "create")
    await project.says("lanes taken over")


async def test_topics_that_differ_are_refused(installation: Installations) -> None:
    """No new start mends that: the command ends, and says which they are."""
    one = await installation(PORTAL_PARTITIONS="2")
    await one.create_topics()
    await _another_count(one, "visits", 3)
    project = one.start("project")
    assert await project.ended() == 1
    assert f"{one.env['PORTAL_TOPIC_PREFIX']}visits has 3" in project.output()
    refused = await one.run("topics", "create")
    assert refused.returncode == 1
    assert "differ in their partition counts" in refused.stderr


async def _another_count(one: Installation, topic: str, partitions: int) -> None:
    admin = AIOKafkaAdminClient(bootstrap_servers=one.env["PORTAL_KAFKA_BOOTSTRAP"])
    await admin.start()
    try:
        await admin.create_partitions({one.env["PORTAL_TOPIC_PREFIX"] + topic: NewPartitions(partitions)})
    finally:
        await admin.close()


async def test_another_log_is_refused(installation: Installations) -> None:
    """Views that hold more than the log has belong to another one: the worker stops, the lag is broken."""
    one, lines = await four_lanes(installation), sample()
    await publish(one, lines)
    project = one.start("project")
    await level(one, len(lines))
    await project.stop()
    async with AsyncMongoClient[dict[str, object]](one.env["PORTAL_MONGO_URL"]) as client:
        views = client[one.env["PORTAL_MONGO_DATABASE"]]["checkpoints"]
        await views.update_one({"_id": "1/0"}, {"$set": {"offsets.visits": 10**6}})
    refused = one.start("project")
    assert await refused.ended() == 1
    assert "the log is shorter than the views" in refused.output()
    assert (await lag(one)).state == "broken"


async def test_another_version_waits_for_a_rebuild(installation: Installations) -> None:
    """Where there are views, but of other versions only, it says so and makes none itself."""
    one = await four_lanes(installation)
    async with AsyncMongoClient[dict[str, object]](one.env["PORTAL_MONGO_URL"]) as client:
        generations = client[one.env["PORTAL_MONGO_DATABASE"]]["generations"]
        await generations.insert_one({"_id": 1, "version": VERSION + 1, "state": "served"})
    project = one.start("project")
    await project.says("run `portal rebuild --promote`")
    assert await checkpoints(one) == []


async def test_it_ends_while_it_waits(installation: Installations) -> None:
    """Also a worker that has nothing to do yet obeys SIGTERM, sent to its whole group."""
    one = await installation()
    project = one.start("project", PORTAL_KAFKA_BOOTSTRAP="127.0.0.1:1")
    await project.says("Kafka does not answer")
    os.killpg(project.pid, signal.SIGTERM)
    assert await asyncio.wait_for(project.ended(), 20) == 0
