"""What tests of the operators' commands share: an installation whose log is applied here, so that folds can fail."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from typing import Any

from events.envelope import Record
from portal.settings import Settings
from projectors.kafka.records import record_of
from projectors.operations.context import OperatorContext, open_context
from projectors.processing.projector import Projector
from read_models.projection import VERSION
from tests.harness.portal_installation import Installation, Installations
from tests.integration.harness.live_worker import publish


async def published(installation: Installations, lines: Sequence[bytes], lanes: int = 2) -> Installation:
    """An installation with a log."""
    one = await installation(PORTAL_PARTITIONS=str(lanes))
    await one.create_topics()
    await publish(one, lines)
    return one


@asynccontextmanager
async def at(one: Installation) -> AsyncIterator[OperatorContext]:
    """Its log and views."""
    async with open_context(Settings.read(one.env).installation) as all_of_it:
        yield all_of_it


async def records(here: OperatorContext) -> list[Record]:
    """All that is in the log, in the order in which it was published."""
    lanes = range(here.cluster.topics.partitions)
    found: list[Record] = []
    for place, end in (await here.log.end_offsets(lanes)).items():
        async for read in here.log.scan(place, 0, end):
            found += [record_of(one) for one in read]
    return sorted(found, key=lambda record: record.timestamp)


async def apply(here: OperatorContext) -> None:
    """Applies the log as a live worker does, as far as it goes."""
    topics = here.cluster.topics
    await here.store.generations.create_first_if_missing(VERSION, topics.partitions, here.cluster.id)
    applier = Projector(here.store, topics)
    await applier.take_over(range(topics.partitions))
    await applier.apply(await records(here))
    await applier.close()


async def documents(here: OperatorContext, generation: int = 1) -> dict[str, Any]:
    """All documents of a generation."""
    return {found["_id"]: found async for found in here.store.database[f"views_{generation}"].find()}
