"""What tests of generations share: one that is filled beside, as far as wanted."""

from collections.abc import Sequence

from events.envelope import Record
from projectors.applier import Applier
from read_models.project import VERSION
from read_models.store import Store
from tests.integration.applier.applying import LANES, TOPICS


async def filled(store: Store, records: Sequence[Record], version: int = VERSION) -> int:
    """A generation that holds these records, offered to live workers; its number."""
    generation = await store.lifecycle.begin(version, "cluster", {lane: {} for lane in LANES})
    await store.views(generation).create()
    applier = Applier(store, TOPICS, only=generation)
    await applier.take_over(LANES)
    await applier.apply(records)
    await applier.close()
    await store.lifecycle.offer(generation)
    return generation
