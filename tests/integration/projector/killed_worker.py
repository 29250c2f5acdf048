"""A worker that stops in the middle of a transaction and says so; its arguments are MongoDB's URL and a database."""

import asyncio
import sys
from typing import Any

from projectors.processing.projector import Projector
from read_models.store import ReadModelStore
from read_models.store.views import EncodedWrites, ViewCollection
from tests.integration.projector.harness import LANES, SAMPLE, TOPICS


async def main(url: str, database: str) -> None:
    """Apply a part of the sample log, write the next part, and do not commit it."""
    real = ViewCollection.write

    async def write_and_stop(self: ViewCollection, batch: EncodedWrites, session: Any) -> None:
        await real(self, batch, session)
        print("inside", flush=True)
        await asyncio.Event().wait()

    applier = Projector(await ReadModelStore.connect(url, database), TOPICS)
    await applier.take_over(LANES)
    await applier.apply(SAMPLE[:300])
    ViewCollection.write = write_and_stop  # type: ignore[method-assign]
    await applier.apply(SAMPLE[300:600])


if __name__ == "__main__":
    asyncio.run(main(*sys.argv[1:]))
