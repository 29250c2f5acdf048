"""The lag that staff trust: what waits and how old it is, whoever runs, hangs or is away."""

import os
import signal
import time

from aiokafka import AIOKafkaProducer

from portal.commands.publish import parse
from projectors.lag import Lag
from tests.harness.portal_installation import Installations, until
from tests.integration.harness.live_worker import (
    checkpoints,
    four_lanes,
    lag,
    level,
    publish,
    sample,
    topics_of,
    worker_of,
)

CLOSED = "127.0.0.1:1"
"""Where nobody listens."""
SEEN_S = 3 * 30.0
"""Three times as long as a stand-still may take to be seen."""


async def test_without_a_worker_everything_waits_and_with_one_nothing_does(
    installation: Installations,
) -> None:
    """The number is that of the records, the age that of the oldest of them by Kafka's clock."""
    one, lines = await four_lanes(installation), sample()
    before = time.time()
    await publish(one, lines)
    published = time.time()
    found = await lag(one)
    now = time.time()
    assert (found.generation, found.records) == (None, len(lines))
    assert found.seconds is not None
    assert now - published - 0.01 <= found.seconds <= now - before + 0.01
    one.start("project")
    await level(one, len(lines))
    caught_up = await lag(one)
    assert (caught_up.generation, caught_up.records, caught_up.seconds) == (1, 0, 0)
    assert caught_up.state == "ok"


async def test_the_markers_of_transactions_do_not_wait(installation: Installations) -> None:
    """A log whose last offsets are markers is level, before and behind, and the views say so as time goes on."""
    one, lines = await four_lanes(installation), sample()
    settings = {"bootstrap_servers": one.env["PORTAL_KAFKA_BOOTSTRAP"], "transactional_id": one.folder.name}
    topics = topics_of(one)
    project = one.start("project")
    await project.says("lanes taken over")
    async with AIOKafkaProducer(**settings) as producer, producer.transaction():
        for line in (parse(text, "structured", topics) for text in lines):
            place = topics.partition(line.key)
            await producer.send(line.topic, line.value, line.key, partition=place, headers=line.headers)
    await level(one, len(lines) + 1)
    found = await lag(one)
    assert (found.state, found.seconds) == ("ok", 0)
    assert any((at.applied_offset or 0) < (at.end_offset or 0) for at in found.partitions)
    busy = [found["lane"] for found in await checkpoints(one) if any(found["offsets"].values())]

    async def told() -> set[object]:
        return {found["level_at"] for found in await checkpoints(one) if found["lane"] in busy}

    first = await told()

    async def moved() -> bool:
        return not first & await told()

    await until(moved, "lanes that say again that they are level")


async def test_a_worker_that_hangs_is_seen(installation: Installations) -> None:
    """Frozen with all who watch it: `stalled`, until it is thawed."""
    one, lines = await four_lanes(installation), sample()
    project = one.start("project")
    await publish(one, lines)
    await level(one, len(lines))
    os.killpg(project.pid, signal.SIGSTOP)
    await publish(one, sample(first=1))

    async def stalled() -> bool:
        found = await lag(one)
        assert found.records == len(lines)
        return found.state == "stalled"

    await until(stalled, "the stand-still to be seen", SEEN_S)
    os.killpg(project.pid, signal.SIGCONT)
    await level(one, 2 * len(lines))


async def test_a_worker_that_hangs_alone_is_ended(installation: Installations) -> None:
    """Who watches it ends it; what waited does not any more."""
    one, lines = await four_lanes(installation), sample()
    project = one.start("project")
    await project.says("lanes taken over")
    frozen = worker_of(project)
    os.kill(frozen, signal.SIGSTOP)
    await publish(one, lines)
    await until(lambda: worker_of(project) != frozen, "another worker", SEEN_S)
    await level(one, len(lines))


async def test_without_a_server_nothing_is_known(installation: Installations) -> None:
    """Neither a number nor an age, and never 0; which server it is stands beside it."""
    one = await four_lanes(installation)
    await publish(one, lines := sample())
    one.start("project")
    await level(one, len(lines))
    no_kafka = await lag(one, PORTAL_KAFKA_BOOTSTRAP=CLOSED)
    assert nothing_known(no_kafka) == ["Kafka does not answer"]
    assert no_kafka.generation == 1
    no_mongo = await lag(one, PORTAL_MONGO_URL=f"mongodb://{CLOSED}/?replicaSet=rs0")
    assert nothing_known(no_mongo) == ["MongoDB does not answer"]
    assert (no_mongo.generation, no_mongo.dead_letters) == (None, None)


def nothing_known(found: Lag) -> list[str]:
    """Why; nothing of it says a number."""
    assert (found.state, found.records, found.seconds) == ("unknown", None, None)
    assert found.partitions
    assert {(at.state, at.records, at.seconds) for at in found.partitions} == {("unknown", None, None)}
    return list(found.reasons)
