"""The store, for commands that end: what does not answer is their error."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portal.commands.error_mapping import map_errors
from portal.settings import Settings
from read_models.store import ReadModelStore


@asynccontextmanager
async def open_store(settings: Settings) -> AsyncIterator[ReadModelStore]:
    """The store of an installation; raises CommandError for what `map_errors` knows, now or later."""
    installation = settings.installation
    with map_errors():
        store = await ReadModelStore.connect(installation.mongo_url, installation.database)
        try:
            yield store
        finally:
            await store.close()
