"""Lag shared by all readers: measured at most once a second, over connections that stay open."""

import asyncio
import time
from collections import deque
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Final, NamedTuple

import structlog

from projectors.kafka.topology import MissingTopics
from projectors.lag import Lag, LagMeter, unknown

logger = structlog.get_logger(__name__)

MEASURE_INTERVAL_S: Final = 1.0
MAX_AGE_S: Final = 2.0
"""Maximum age of the lag that is returned."""
MEASURE_TIMEOUT_S: Final = 3.0
"""Time to wait for a measurement in progress; after it the lag is unknown."""
SAMPLE_INTERVAL_S: Final = 5.0
MAX_SAMPLES: Final = 180
"""Samples kept for the chart: a quarter of an hour."""


class LagSample(NamedTuple):
    """Lag in records at a moment, by topic; None when it was not known."""

    at: datetime
    records: Mapping[str, int] | None


class LagMonitor:
    """Measures the lag periodically; start it with `run`."""

    def __init__(self, meter: LagMeter, prefix: str, clock: Callable[[], datetime]) -> None:
        self._meter = meter
        self._prefix = prefix
        self._clock = clock
        self._latest: tuple[float, Lag] | None = None
        """Monotonic start time of the last measurement, and its result."""
        self._measured = asyncio.Condition()
        self.history: deque[LagSample] = deque(maxlen=MAX_SAMPLES)

    async def run(self) -> None:
        """Measure again and again."""
        sampled_at = 0.0
        while True:
            started = time.monotonic()
            lag = await self._measure()
            async with self._measured:
                self._latest = started, lag
                self._measured.notify_all()
            if started - sampled_at >= SAMPLE_INTERVAL_S:
                sampled_at = started
                self.history.append(LagSample(self._clock(), records_by_topic(lag)))
            await asyncio.sleep(max(0.0, started + MEASURE_INTERVAL_S - time.monotonic()))

    async def lag(self) -> Lag:
        """Return the lag as of 2 s ago at most; unknown when it could not be measured by now."""
        try:
            async with asyncio.timeout(MEASURE_TIMEOUT_S), self._measured:
                await self._measured.wait_for(self._is_fresh)
        except TimeoutError:
            pass
        if self._latest is not None and self._is_fresh():
            return self._latest[1]
        return self._unknown("the lag is being measured: Kafka or MongoDB takes long to answer")

    def _is_fresh(self) -> bool:
        return self._latest is not None and time.monotonic() - self._latest[0] <= MAX_AGE_S

    async def _measure(self) -> Lag:
        try:
            return await self._meter.measure()
        except MissingTopics as error:
            return self._unknown(str(error))
        except Exception as error:
            logger.exception("the lag could not be measured")
            return self._unknown(f"the lag could not be measured: {type(error).__name__}")

    def _unknown(self, reason: str) -> Lag:
        return unknown(self._prefix, reason, self._clock())


def records_by_topic(lag: Lag) -> dict[str, int] | None:
    """Return how many records wait in each topic; None when it is not known."""
    if lag.records is None:
        return None
    records: dict[str, int] = {}
    for one in lag.partitions:
        records[one.topic] = records.get(one.topic, 0) + (one.records or 0)
    return records
