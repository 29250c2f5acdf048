"""An installation whose log is applied by a worker with a fault: one customer is held, one record cannot be read."""

from typing import Any

import pytest
from aiokafka import AIOKafkaProducer

from portal.settings import Settings
from projectors.kafka.log_reader import open_log_reader
from projectors.kafka.topology import discover
from projectors.processing.projector import Projector
from read_models.projection import VERSION, fold
from read_models.store import ReadModelStore
from tests.harness.portal_installation import Installation
from tests.integration.harness.live_worker import publish, sample


class Faulty:
    """What went wrong: the customer that is held, and the names of both dead letters."""

    def __init__(self, owner: str, held: str, unreadable: str) -> None:
        self.owner = owner
        self.held = held
        self.unreadable = unreadable


async def faulty(one: Installation, monkeypatch: pytest.MonkeyPatch) -> Faulty:
    """Publishes the sample log and something unreadable, and applies both, one customer's invoices excepted."""
    await publish(one, sample())
    where = Settings.read(one.env).installation
    cluster = await discover(where.kafka, where.topic_prefix)
    visits = cluster.topics.name("visits")
    async with AIOKafkaProducer(bootstrap_servers=where.kafka.servers, acks="all") as producer:
        sent = await producer.send_and_wait(visits, b"{no JSON", b"biz_1/cus_1", partition=0)
    owner = ""

    def raising(events: list[Any], cache: Any) -> Any:
        nonlocal owner
        for event in events:
            if event.kind == "invoice":
                owner = owner or f"{event.business}/{event.customer}"
                if owner == f"{event.business}/{event.customer}":
                    raise ArithmeticError("a fault of this test")
        return (yield from fold(events, cache))

    store = await ReadModelStore.connect(where.mongo_url, where.database)
    await store.generations.create_first_if_missing(VERSION, cluster.topics.partitions, cluster.id)
    applier = Projector(store, cluster.topics)
    lanes = range(cluster.topics.partitions)
    await applier.take_over(lanes)
    async with open_log_reader(where.kafka, cluster.topics) as log:
        ends = await log.end_offsets(lanes)
        with monkeypatch.context() as patched:
            patched.setattr("projectors.processing.batch_builder.fold", raising)
            for place, end in sorted(ends.items()):
                if end:
                    await applier.apply(await log.read(place, 0, end))
    await applier.close()
    letters = await store.letters.latest(10)
    await store.close()
    assert sorted(letter.kind for letter in letters) == ["held", "unreadable"], letters
    (held,) = [letter.id for letter in letters if letter.kind == "held"]
    return Faulty(owner, held, f"visits-0-{sent.offset}")
