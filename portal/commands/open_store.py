"""The store, for commands that end: what does not answer is their error."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portal.commands.error_mapping import refusals
from portal.settings import Settings
from read_models.store import ReadModelStore


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[ReadModelStore]:
    """The store of an installation; raises CommandError for what `refusals` knows, now or later."""
    installation = settings.installation
    with refusals():
        store = await ReadModelStore.connect(installation.mongo_url, installation.database)
        try:
            yield store
        finally:
            await store.close()
