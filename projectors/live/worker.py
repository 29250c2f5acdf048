"""One live worker from start to end: waits for what it needs, joins the group, works until told to stop."""

import asyncio
import tempfile
from collections.abc import Awaitable, Callable
from contextlib import AsyncExitStack
from pathlib import Path
from typing import Final, TypeVar

import structlog

from projectors import log_compatibility
from projectors.concurrency import run_until_first_exits
from projectors.installation import Installation
from projectors.kafka import retention_check
from projectors.kafka.client import KafkaConfig, KafkaUnavailable
from projectors.kafka.log_reader import open_log_reader
from projectors.kafka.topology import Cluster, MissingTopics, discover, group_members
from projectors.live import consumer_group, progress_watchdog
from projectors.live.group_member import GroupMember
from projectors.live.lane_assignment import LaneAssignment
from projectors.processing.metrics import registry_of
from projectors.processing.projector import Projector
from read_models.clock import utc_now
from read_models.projection import VERSION
from read_models.store import GenerationNotFound, ReadModelStore, StoreUnavailable
from read_models.store.operational import FileCache, HeartbeatData, OperationalStore
from web.metric_snapshots import take_snapshot

logger = structlog.get_logger(__name__)

RETRY_INTERVAL_S: Final = 1.0

T = TypeVar("T")


class ConsumerGroupFull(Exception):
    """The group has as many members as there are lanes."""


async def work(installation: Installation, instance: str) -> None:
    """Work until cancelled.

    Waits, saying for what, while Kafka, MongoDB, the topics, a generation of this version or a free lane is missing.
    Raises InvalidTopics and `log_compatibility.Broken`, which no new start mends, and whatever makes the worker crash.
    """
    kafka, prefix = installation.kafka, installation.topic_prefix
    cluster = await _retry_until_ready(lambda: discover(kafka, prefix))
    name = consumer_group.group_id(prefix, installation.database, VERSION)
    async with AsyncExitStack() as stack:
        store = await _retry_until_ready(
            lambda: ReadModelStore.connect(installation.mongo_url, installation.database)
        )
        stack.push_async_callback(store.close)
        log = await _retry_until_ready(
            lambda: stack.enter_async_context(open_log_reader(kafka, cluster.topics))
        )
        await _retry_until_ready(lambda: _ensure_generation(store, cluster))
        await _retry_until_ready(lambda: log_compatibility.check(store, cluster, log))
        await _retry_until_ready(
            lambda: _check_group_capacity(kafka, name, instance, cluster.topics.partitions)
        )
        applier = Projector(store, cluster.topics, installation.batch_events)
        stack.push_async_callback(applier.close)
        lanes = LaneAssignment(applier, log)
        folder = Path(stack.enter_context(tempfile.TemporaryDirectory()))
        member = GroupMember(kafka, cluster.topics, name, instance, folder, lanes, installation.batch_events)
        records = OperationalStore(store.database)
        registry = registry_of(applier)
        telling = records.processes.heartbeat(
            "project", VERSION, lambda: HeartbeatData(sorted(lanes.held), take_snapshot(registry)), utc_now
        )
        await stack.enter_async_context(telling)
        works = [
            member.run(),
            progress_watchdog.watch(lanes, log, utc_now),
            log_compatibility.watch(installation, store, log),
            retention_check.watch(kafka, prefix),
        ]
        if installation.cache_url:
            works.append(records.erasures.run(FileCache(installation.cache_url)))
        await run_until_first_exits(*works)


async def _ensure_generation(store: ReadModelStore, cluster: Cluster) -> None:
    await store.generations.create_first_if_missing(VERSION, cluster.topics.partitions, cluster.id)


async def _check_group_capacity(kafka: KafkaConfig, name: str, instance: str, lanes: int) -> None:
    others = await group_members(kafka, name) - {instance}
    if len(others) >= lanes:
        raise ConsumerGroupFull(
            f"{len(others)} workers share {lanes} lanes already: this one waits until one of them ends"
        )


async def _retry_until_ready(what: Callable[[], Awaitable[T]]) -> T:
    said = ""
    while True:
        try:
            return await what()
        except (
            KafkaUnavailable,
            MissingTopics,
            StoreUnavailable,
            GenerationNotFound,
            ConsumerGroupFull,
        ) as error:
            reason = (
                f"MongoDB does not answer as it should ({error})"
                if isinstance(error, StoreUnavailable)
                else str(error)
            )
            if reason != said:
                logger.warning("waiting", reason=reason)
                said = reason
        await asyncio.sleep(RETRY_INTERVAL_S)
