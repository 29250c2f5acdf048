"""What tests of logs that do not fit their views share: what happens to logs, and how commands take it."""

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from subprocess import CompletedProcess

from aiokafka import TopicPartition
from aiokafka.admin import AIOKafkaAdminClient, NewPartitions, RecordsToDelete
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.harness.portal_installation import Installation, until
from tests.integration.harness.live_worker import topics_of

VICTIM = "biz_s0-0/cus_0"


@asynccontextmanager
async def admin(one: Installation) -> AsyncIterator[AIOKafkaAdminClient]:
    """Kafka's administration."""
    client = AIOKafkaAdminClient(bootstrap_servers=one.env["PORTAL_KAFKA_BOOTSTRAP"])
    await client.start()
    try:
        yield client
    finally:
        await client.close()


async def lose(one: Installation, before: Mapping[tuple[str, int], int]) -> None:
    """Has Kafka forget the records of partitions, by topic without prefix and number, before offsets."""
    prefix = one.env["PORTAL_TOPIC_PREFIX"]
    async with admin(one) as client:
        lost = await client.delete_records(
            {
                TopicPartition(prefix + topic, lane): RecordsToDelete(offset)
                for (topic, lane), offset in before.items()
            }
        )
    assert sorted(lost.values()) == sorted(before.values())


async def widen(one: Installation, *topics: str, to: int) -> None:
    """Gives topics, without prefix, more partitions."""
    prefix = one.env["PORTAL_TOPIC_PREFIX"]
    async with admin(one) as client:
        await client.create_partitions({prefix + topic: NewPartitions(to) for topic in topics})

        async def there() -> bool:
            found = await client.describe_topics([prefix + topic for topic in topics])
            return all(len(topic["partitions"]) == to for topic in found)

        await until(there, "the new partitions")


async def empty(one: Installation) -> None:
    """Deletes the topics and creates them anew, without a record."""
    names = set(topics_of(one).names)
    async with admin(one) as client:
        await client.delete_topics(list(names))

        async def gone() -> bool:
            return not names & set(await client.list_topics())

        await until(gone, "the end of the topics")
    await one.create_topics()


async def configure(one: Installation, topic: str, **settings: str) -> None:
    """Gives a topic, without prefix, other settings; `_` stands for `.` in their names."""
    named = {name.replace("_", "."): value for name, value in settings.items()}
    name = one.env["PORTAL_TOPIC_PREFIX"] + topic
    async with admin(one) as client:
        await client.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, named)])


async def refused(one: Installation, *texts: str) -> None:
    """Every command that would go on from the log ends with 1 and says why, and what to do; the lag is broken."""
    for command in (
        ("rebuild",),
        ("rebuild", "--dry-run"),
        ("rebuild", "--customer", VICTIM),
        ("verify",),
    ):
        told(await one.run(*command), 1, *texts)
    project = one.start("project")
    assert await project.ended() == 1
    assert texts[0] in project.output()
    await broken(one, texts[0])


async def broken(one: Installation, text: str) -> None:
    """`portal lag` can be measured, and says that it is, and why."""
    measured = await one.run("lag", "--json")
    assert (measured.returncode, json.loads(measured.stdout)["state"]) == (0, "broken")
    assert text in measured.stderr
    assert text in " ".join((await one.run("lag", COLUMNS="300")).stdout.split())


def told(done: CompletedProcess[str], status: int, *texts: str) -> None:
    """How a command ended, and what it said on stderr."""
    assert done.returncode == status, (done.args, done.stdout, done.stderr)
    for text in texts:
        assert text in done.stderr, (done.args, done.stderr)
