"""Watches the log's end: tells the views up to when they hold all of it, and notices a worker that stands still."""

import asyncio
import time
from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog

from projectors.group import SESSION_S
from projectors.kafka import KafkaAway, Log
from projectors.lanes import Lanes
from read_models.store import Unavailable

logger = structlog.get_logger(__name__)

EVERY_S: Final = 1.0
STANDSTILL_S: Final = 60.0
"""Records wait and no batch was applied for so long: begin anew."""
REGAINED_WITHIN_S: Final = 2 * SESSION_S
"""A lane that another worker took is given away by the group by then, or it was taken from us wrongly."""


class StandsStill(Exception):
    """The worker does not get on; a new one may."""


async def watch(lanes: Lanes, log: Log, clock: Callable[[], datetime]) -> None:
    """Ask for the ends once a second, for ever; raises StandsStill."""
    batches, moved_at = -1, time.monotonic()
    lost_at: float | None = None
    while True:
        waiting = False
        try:
            if held := lanes.held:
                at = clock()
                ends = await log.ends(held)
                waiting = any(lanes.positions.get(place, end) < end for place, end in ends.items())
                await lanes.mark_level(ends, at)
        except (KafkaAway, Unavailable) as error:
            logger.warning("cannot tell how far the log is applied", reason=str(error))
        now = time.monotonic()
        if not waiting or lanes.batches != batches:
            batches, moved_at = lanes.batches, now
        if now - moved_at > STANDSTILL_S:
            raise StandsStill(f"records wait and none was applied for {STANDSTILL_S:.0f} s")
        lost_at = (lost_at or now) if lanes.lost else None
        if lost_at is not None and now - lost_at > REGAINED_WITHIN_S:
            raise StandsStill(f"lanes {sorted(lanes.lost)} are ours, and another worker wrote them")
        await asyncio.sleep(EVERY_S)
