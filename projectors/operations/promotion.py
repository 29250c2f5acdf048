"""Switching what is served, at once and with no request failing (DESIGN.md, decision 4)."""

import asyncio
import secrets
import time
from typing import Final, Literal

import structlog

from projectors.installation import Installation
from projectors.operations.context import open_log
from read_models.store import (
    GenerationPointer,
    NotCaughtUp,
    ReadModelStore,
    StoreUnavailable,
    SwitchRequest,
    WriteConflict,
    resolve_target,
)

logger = structlog.get_logger(__name__)

WAIT_S: Final = 30.0
"""How long a generation may take to become level before a switch is refused (API.md)."""
BUSY_LANE_TIMEOUT_S: Final = 15.0
"""How long the lanes may be busy: a writer that was killed blocks its own until MongoDB gives up."""
RETRY_INTERVAL_S: Final = 0.2
AGAIN_WRITTEN_S: Final = 0.01


async def switch_generation(
    installation: Installation,
    store: ReadModelStore,
    what: Literal["promote", "rollback"],
    by: str,
    wait_s: float = WAIT_S,
    forced: str | None = None,
    *,
    generation: int | None = None,
) -> GenerationPointer:
    """Serve another generation; answer what is kept then.

    Where none is named, `promote` means the newest that was filled, else the one that stands by, and `rollback` the one
    that stands by. Which is meant is settled when it is asked for: of two who ask at once, the second finds it done.
    `by` is who asked for it, `forced` why it is to be done although it is not level or has more dead letters.
    Raises OperationRefused when there is none, NotCaughtUp when it is not level within `wait_s`, and
    StoreUnavailable, KafkaUnavailable.
    """
    known = await store.generations.pointer(store.version)
    order = SwitchRequest(secrets.token_hex(8), what, generation or resolve_target(known, what), by, forced)
    # Where nothing is served to compare with, the log's end counts.
    ends = {} if known is not None and known.served is not None else await _ends(installation)
    begun = time.monotonic()
    while True:
        waited = time.monotonic() - begun
        try:
            pointer = await store.lifecycle.switch(store.version, order, ends)
        except NotCaughtUp:
            if waited > wait_s:
                raise
            await asyncio.sleep(RETRY_INTERVAL_S)
        except StoreUnavailable as error:
            if waited > max(wait_s, BUSY_LANE_TIMEOUT_S):
                raise
            await asyncio.sleep(AGAIN_WRITTEN_S if isinstance(error, WriteConflict) else RETRY_INTERVAL_S)
        else:
            logger.info("switched", what=what, by=by, served=pointer.served, forced=forced)
            return pointer


async def _ends(installation: Installation) -> dict[int, dict[str, int]]:
    """Return where the log ends, by lane and topic without prefix."""
    found: dict[int, dict[str, int]] = {}
    async with open_log(installation) as (cluster, log):
        for (name, lane), end in (await log.end_offsets(range(cluster.topics.partitions))).items():
            found.setdefault(lane, {})[cluster.topics.unprefixed_by_name[name]] = end
    return found
