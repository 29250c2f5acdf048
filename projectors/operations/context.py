"""An installation's log and views, opened together for an operator's command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from projectors.installation import Installation
from projectors.kafka.log_reader import LogReader, open_log_reader
from projectors.kafka.topology import Cluster, discover
from read_models.store import ReadModelStore


class OperatorContext(NamedTuple):
    """What a command works with."""

    store: ReadModelStore
    cluster: Cluster
    log: LogReader


@asynccontextmanager
async def opened(installation: Installation, fetch_bytes: int = 64 * 1024) -> AsyncIterator[OperatorContext]:
    """Both, closed afterwards; `fetch_bytes` are read of a partition at a time.

    Raises `Unavailable`, KafkaAway, TopicsUnfit.
    """
    store = await ReadModelStore.connect(installation.mongo_url, installation.database)
    try:
        cluster = await discover(installation.kafka, installation.topic_prefix)
        async with open_log_reader(installation.kafka, cluster.topics, fetch_bytes) as log:
            yield OperatorContext(store, cluster, log)
    finally:
        await store.close()
