"""What tests of rebuilds share: an installation with a log, its commands, its documents."""

from pymongo import AsyncMongoClient

from read_models.documents import Doc
from tests.harness.portal_installation import Installation, Installations, Process, until
from tests.integration.harness.live_worker import four_lanes, lag, publish

WITHIN_S = 300.0
"""Only ends what hangs: a rebuild starts several processes, on a machine that does much else."""


async def documents(one: Installation, collection: str) -> list[Doc]:
    """All documents of a collection."""
    async with AsyncMongoClient[Doc](one.env["PORTAL_MONGO_URL"], tz_aware=True) as client:
        return await client[one.env["PORTAL_MONGO_DATABASE"]][collection].find().to_list(None)


async def views(one: Installation, generation: int) -> dict[str, Doc]:
    """The documents of a generation."""
    return {document["_id"]: document for document in await documents(one, f"views_{generation}")}


async def made(installation: Installations, lines: list[bytes]) -> Installation:
    """An installation with four lanes and a log."""
    one = await four_lanes(installation)
    await publish(one, lines)
    return one


async def ended(process: Process) -> int:
    """The exit status of a command, once it has ended."""
    await until(lambda: not process.alive(), f"the end of `{process.command}`", WITHIN_S)
    return process.process.wait()


async def command(one: Installation, *arguments: str) -> None:
    """Runs a command that has to succeed."""
    process = one.start(*arguments)
    assert await ended(process) == 0, process.output()


async def caught_up(one: Installation, records: int) -> None:
    """Returns when all of so many records are in what is served."""

    async def there() -> bool:
        found = await lag(one)
        ends = sum(partition.end_offset or 0 for partition in found.partitions)
        return found.generation is not None and ends >= records and found.records == 0

    await until(there, f"{records} records in the views", WITHIN_S)
