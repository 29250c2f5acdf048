"""Registry of running processes and their metrics: each writes its heartbeat every few seconds.

So the numbers of all of them are in one place, whatever machine they run on; one that says nothing any more is there,
silent, until it is over.
"""

import asyncio
import contextlib
import os
import secrets
import socket
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar, NamedTuple

import structlog
from pymongo import IndexModel

from read_models.store.mongo import StoreUnavailable
from read_models.store.operational.collection import TTL_INDEX, MongoCollection

log = structlog.get_logger(__name__)

INTERVAL_S = 2.0
RETENTION = timedelta(minutes=10)
"""For so long a process that says nothing any more is shown."""
SHUTDOWN_TIMEOUT_S = 2.0
"""How long the last word of a process may take."""


class ProcessStatus(NamedTuple):
    """A process as it described itself last."""

    id: str
    kind: str
    """`project` or `serve`."""
    host: str
    pid: int
    version: int
    """Of its read models."""
    started_at: datetime
    seen_at: datetime
    lanes: Mapping[str, datetime]
    """The lanes it holds, as text, and since when."""
    metrics: Sequence[Mapping[str, Any]]
    """What it measured (`web.metric_snapshots.take_snapshot`)."""


class HeartbeatData(NamedTuple):
    """Payload of a heartbeat besides the process's identity."""

    lanes: Sequence[int]
    metrics: Sequence[Mapping[str, Any]]


class ProcessRegistry:
    """The processes of an installation, by an id of their own."""

    INDEXES: ClassVar[list[IndexModel]] = [TTL_INDEX]

    def __init__(self, collection: MongoCollection) -> None:
        self.collection = collection

    async def all(self) -> list[ProcessStatus]:
        """Return those that run, or did until shortly, the first started first."""
        found = await self.collection.find({}, [("kind", 1), ("started_at", 1), ("_id", 1)])
        return [
            ProcessStatus(one["_id"], *(one[name] for name in ProcessStatus._fields[1:])) for one in found
        ]

    @contextlib.asynccontextmanager
    async def heartbeat(
        self, kind: str, version: int, said: Callable[[], HeartbeatData], clock: Callable[[], datetime]
    ) -> AsyncIterator[None]:
        """Meanwhile this process says every few seconds what it does; then that it is gone."""
        task = asyncio.create_task(_HeartbeatSender(self.collection, kind, version, said, clock).tell())
        try:
            yield
        finally:
            task.cancel()
            await asyncio.gather(task, return_exceptions=True)


class _HeartbeatSender:
    def __init__(
        self,
        collection: MongoCollection,
        kind: str,
        version: int,
        said: Callable[[], HeartbeatData],
        clock: Callable[[], datetime],
    ) -> None:
        self._collection = collection
        self._said = said
        self._clock = clock
        self._id = secrets.token_hex(8)
        self._is = {
            "kind": kind,
            "host": socket.gethostname(),
            "pid": os.getpid(),
            "version": version,
            "started_at": clock(),
        }
        self._lanes: dict[str, datetime] = {}

    async def tell(self) -> None:
        try:
            while True:
                try:
                    await self._once()
                except StoreUnavailable as error:
                    log.info("cannot say that this process runs", error=str(error))
                await asyncio.sleep(INTERVAL_S)
        finally:
            with contextlib.suppress(StoreUnavailable, TimeoutError):
                async with asyncio.timeout(SHUTDOWN_TIMEOUT_S):
                    await self._collection.delete({"_id": self._id})

    async def _once(self) -> None:
        now, said = self._clock(), self._said()
        self._lanes = {str(lane): self._lanes.get(str(lane), now) for lane in said.lanes}
        document = {
            **self._is,
            "seen_at": now,
            "gone_at": now + RETENTION,
            "lanes": self._lanes,
            "metrics": list(said.metrics),
        }
        await self._collection.upsert_pipeline(
            self._id, [{"$replaceWith": {"$literal": {"_id": self._id} | document}}]
        )
