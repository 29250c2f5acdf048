"""Openers of an installation's views and log for operator commands."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Final, NamedTuple

from projectors.installation import Installation
from projectors.kafka.log_reader import LogReader, open_log_reader
from projectors.kafka.topology import Cluster, discover
from read_models.store import ReadModelStore

FETCH_BYTES: Final = 64 * 1024
"""Bytes read of a partition at a time: enough for the few records that most commands look up."""


class OperatorContext(NamedTuple):
    """The views and the log of an installation, both open."""

    store: ReadModelStore
    cluster: Cluster
    log: LogReader


@asynccontextmanager
async def open_store(installation: Installation) -> AsyncIterator[ReadModelStore]:
    """Yield the connected store and close it afterwards; raises StoreUnavailable."""
    store = await ReadModelStore.connect(installation.mongo_url, installation.database)
    try:
        yield store
    finally:
        await store.close()


@asynccontextmanager
async def open_log(
    installation: Installation, fetch_bytes: int = FETCH_BYTES
) -> AsyncIterator[tuple[Cluster, LogReader]]:
    """Yield the cluster and a reader of its log; raises KafkaUnavailable, InvalidTopics."""
    cluster = await discover(installation.kafka, installation.topic_prefix)
    async with open_log_reader(installation.kafka, cluster.topics, fetch_bytes) as log:
        yield cluster, log


@asynccontextmanager
async def open_context(
    installation: Installation, fetch_bytes: int = FETCH_BYTES
) -> AsyncIterator[OperatorContext]:
    """Yield store and log together; raises StoreUnavailable, KafkaUnavailable, InvalidTopics."""
    async with open_store(installation) as store, open_log(installation, fetch_bytes) as (cluster, log):
        yield OperatorContext(store, cluster, log)
