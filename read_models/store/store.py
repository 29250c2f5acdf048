"""The store of one process: the only room with a database driver in it."""

import asyncio
import contextlib
import math
from typing import Self

from read_models.documents import Doc, DocumentId
from read_models.indexed_lists import ListQuery
from read_models.projection import VERSION
from read_models.store.generations.fill_claims import LaneFiller
from read_models.store.generations.lifecycle import GenerationLifecycle
from read_models.store.generations.repository import Generations
from read_models.store.mongo import Client, connect, translate_errors
from read_models.store.quarantine.dead_letter_queries import DeadLetterQueries
from read_models.store.quarantine.dead_letters import DeadLetters
from read_models.store.quarantine.discards import Discards
from read_models.store.quarantine.holds import Holds
from read_models.store.reading.served_pointer import ServedPointer
from read_models.store.reading.served_reader import ServedReader
from read_models.store.reading.snapshots import Snapshots
from read_models.store.views import ViewCollection
from read_models.store.writer import TransactionalWriter


class ReadModelStore:
    """A connection to one database, and its rooms."""

    def __init__(self, url: str, database: str, version: int = VERSION) -> None:
        """Connect at the first question. `version` is that of the read models."""
        self.version = version
        self._client: Client = connect(url)
        self.database = self._client[database]
        self.generations = Generations(self._client, self.database)
        self.dead_letters = DeadLetters(self.database)
        self.discards = Discards(self.database)
        self.holds = Holds(self.database)
        self.letters = DeadLetterQueries(self.database)
        self.lifecycle = GenerationLifecycle(self._client, self.database, self.generations, self.dead_letters)
        self.snapshots = Snapshots(self._client, self.database)
        self.control = ServedPointer(self.database, self.generations, self.dead_letters, version)
        self._served: ServedReader | None = None
        self._polling: asyncio.Task[None] | None = None

    @classmethod
    async def connect(cls, url: str, database: str) -> Self:
        """Return a store whose server answers; raises `StoreUnavailable`."""
        store = cls(url, database)
        try:
            await store.ping()
        except BaseException:
            await store.close()
            raise
        return store

    async def close(self) -> None:
        """End the polling and the connections."""
        if self._polling is not None:
            self._polling.cancel()
            with contextlib.suppress(asyncio.CancelledError):
                await self._polling
        self._client.close()

    def start_polling(self) -> None:
        """Keep `control` up to date, for processes that serve readers."""
        self._polling = asyncio.create_task(self.control.poll())

    async def drop(self) -> None:
        """Remove the database, for tests and benchmarks."""
        await self._client.drop_database(self.database.name)

    async def ping(self) -> None:
        """Raise `StoreUnavailable` when MongoDB does not answer."""
        with translate_errors():
            await self._client.admin.command("ping")

    def writer(self, patience_s: float = math.inf) -> TransactionalWriter:
        """Return a write path with a session of its own; for `patience_s` see `TransactionalWriter`."""
        return TransactionalWriter(
            self._client, self.database, self.generations, self.dead_letters, patience_s
        )

    def filling(self, generation: int) -> LaneFiller:
        """Fill lanes of a generation, with a session of its own."""
        return LaneFiller(self._client, self.database, self.dead_letters, generation)

    def views(self, generation: int) -> ViewCollection:
        """Return the documents of a generation."""
        return ViewCollection(self.database, generation)

    async def documents(self, *ids: DocumentId) -> list[Doc | None]:
        """Documents of what is served, by `_id`; shared with whoever asks at the same time, so not to be changed.

        What is not found is asked for again when another generation is served by now (docs/architecture.md,
        Decision 4).
        """
        served = self.control.served
        if served is None:
            return [None for _ in ids]
        found = await self._reader_for(served).documents(ids)
        return (
            await self.documents(*ids) if None in found and await self._generation_changed(served) else found
        )

    async def range(self, wanted: ListQuery) -> list[Doc]:
        """Return the first documents of a list of what is served; shared, and asked for again, as `documents` are."""
        served = self.control.served
        if served is None:
            return []
        found = await self._reader_for(served).range(wanted)
        return await self.range(wanted) if not found and await self._generation_changed(served) else found

    async def applied(self, topic: str, partition: int, offset: int) -> bool:
        """Return whether a record of the log (`topic` without prefix) is applied in what is served."""
        served = self.control.served
        return served is not None and await self.generations.applied(served, topic, partition, offset)

    async def _generation_changed(self, served: int) -> bool:
        """Return whether another generation is served by now; `control` knows it then."""
        pointer = await self.generations.pointer(self.version)
        if pointer is None or pointer.served in (None, served):
            return False
        await self.control.refresh()
        return self.control.served not in (None, served)

    def _reader_for(self, generation: int) -> ServedReader:
        if self._served is None or self._served.generation != generation:
            self._served = ServedReader(self.views(generation))
        return self._served
