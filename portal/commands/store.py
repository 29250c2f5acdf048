"""The store, for commands that end: what does not answer is their error."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from portal.errors import CommandError
from portal.settings import Settings
from read_models.store import Store, Unavailable


@asynccontextmanager
async def opened(settings: Settings) -> AsyncIterator[Store]:
    """The store of an installation; raises CommandError when MongoDB does not answer, now or later."""
    installation = settings.installation
    try:
        store = await Store.connect(installation.mongo_url, installation.database)
        try:
            yield store
        finally:
            await store.close()
    except Unavailable as error:
        raise CommandError(
            f"MongoDB does not answer as it should ({error}): see PORTAL_MONGO_URL, and its log"
        ) from error
