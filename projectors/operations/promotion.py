"""Switch of the served generation, at once and without failing requests (docs/architecture.md, Decision 4)."""

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
"""Time a generation gets to catch up before the switch is refused (docs/contracts/api.md)."""
BUSY_LANE_TIMEOUT_S: Final = 15.0
"""Time to wait for busy lanes: a killed writer blocks its lanes until MongoDB aborts its transaction."""
RETRY_INTERVAL_S: Final = 0.2
CONFLICT_RETRY_INTERVAL_S: Final = 0.01


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
    """Switch the served generation and return the new pointer.

    Without *generation*, `promote` means the newest filled one, else the standby one; `rollback` means the standby one.
    The target is resolved once: of two concurrent requests the second finds the switch done. `by` is the operator,
    `forced` the reason for switching although the target is not level or has more dead letters.
    Raises OperationRefused if there is no target, NotCaughtUp if it is not level within `wait_s`; StoreUnavailable,
    KafkaUnavailable.
    """
    current = await store.generations.pointer(store.version)
    request = SwitchRequest(
        secrets.token_hex(8), what, generation or resolve_target(current, what), by, forced
    )
    # If no generation is served yet, the target has to reach the end of the log.
    ends = {} if current is not None and current.served is not None else await _end_offsets(installation)
    started = time.monotonic()
    while True:
        waited = time.monotonic() - started
        try:
            pointer = await store.lifecycle.switch(store.version, request, ends)
        except NotCaughtUp:
            if waited > wait_s:
                raise
            await asyncio.sleep(RETRY_INTERVAL_S)
        except StoreUnavailable as error:
            if waited > max(wait_s, BUSY_LANE_TIMEOUT_S):
                raise
            await asyncio.sleep(
                CONFLICT_RETRY_INTERVAL_S if isinstance(error, WriteConflict) else RETRY_INTERVAL_S
            )
        else:
            logger.info("switched", what=what, by=by, served=pointer.served, forced=forced)
            return pointer


async def _end_offsets(installation: Installation) -> dict[int, dict[str, int]]:
    """Return the end offsets of the log by lane and unprefixed topic."""
    offsets: dict[int, dict[str, int]] = {}
    async with open_log(installation) as (cluster, log):
        for (name, lane), end in (await log.end_offsets(range(cluster.topics.partitions))).items():
            offsets.setdefault(lane, {})[cluster.topics.unprefixed_by_name[name]] = end
    return offsets
