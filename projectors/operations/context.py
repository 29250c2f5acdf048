"""An installation's log and views, opened together for an operator's command."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import NamedTuple

from projectors.installation import Installation
from projectors.kafka.client import Cluster, Log, find, reading
from read_models.store import Store


class Opened(NamedTuple):
    """What a command works with."""

    store: Store
    cluster: Cluster
    log: Log


@asynccontextmanager
async def opened(installation: Installation, fetch_bytes: int = 64 * 1024) -> AsyncIterator[Opened]:
    """Both, closed afterwards; `fetch_bytes` are read of a partition at a time.

    Raises `Unavailable`, KafkaAway, TopicsUnfit.
    """
    store = await Store.connect(installation.mongo_url, installation.database)
    try:
        cluster = await find(installation.kafka, installation.topic_prefix)
        async with reading(installation.kafka, cluster.topics, fetch_bytes) as log:
            yield Opened(store, cluster, log)
    finally:
        await store.close()
