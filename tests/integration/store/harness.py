"""What tests of generations share: one that is filled beside, as far as wanted."""

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

from events.envelope import Record
from projectors.processing.projector import Projector
from read_models.projection import VERSION
from read_models.store import ReadModelStore
from tests.integration.projector.harness import LANES, TOPICS


def noted() -> dict[str, Any]:
    """What is known of a rebuild from its beginning."""
    now = datetime.now(UTC)
    return {"total": 0, "done": 0, "rate": 0.0, "by": "cli:ada", "started_at": now, "heard_at": now}


async def filled(store: ReadModelStore, records: Sequence[Record], version: int = VERSION) -> int:
    """A generation that holds these records, offered to live workers; its number."""
    generation = await store.lifecycle.begin(version, "cluster", {lane: {} for lane in LANES}, noted())
    await store.views(generation).create()
    applier = Projector(store, TOPICS, only=generation)
    await applier.take_over(LANES)
    await applier.apply(records)
    await applier.close()
    await store.lifecycle.mark_level(generation)
    return generation
