"""Sparklines of the lag per topic over the last quarter of an hour."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Final

from projectors.lag import BY_GRAVITY, Lag, State
from projectors.staff.lag_monitor import MAX_SAMPLES, SAMPLE_INTERVAL_S, LagSample

SPAN_S: Final = MAX_SAMPLES * SAMPLE_INTERVAL_S
WIDTH: Final = 160.0
HEIGHT: Final = 32.0


@dataclass(frozen=True)
class Sparkline:
    """A topic: how it is, and how it came to be so."""

    topic: str
    state: State
    records: int | None
    seconds: float | None
    most: int
    """Highest number of waiting records in the chart."""
    strokes: Sequence[str]
    """Points of polylines in a box of `WIDTH` by `HEIGHT`; a new line starts after each unknown sample."""


def chart(history: Iterable[LagSample], lag: Lag, now: datetime) -> list[Sparkline]:
    """Return a line for each topic."""
    samples = [one for one in history if (now - one.at).total_seconds() <= SPAN_S]
    return [_line(topic, samples, lag, now) for topic in dict.fromkeys(one.topic for one in lag.partitions)]


def _line(topic: str, samples: Sequence[LagSample], lag: Lag, now: datetime) -> Sparkline:
    places = [one for one in lag.partitions if one.topic == topic]
    known = None not in [one.records for one in places]
    points = [(one.at, one.records.get(topic, 0) if one.records is not None else None) for one in samples]
    most = max((records for _, records in points if records is not None), default=0)
    strokes: list[list[str]] = [[]]
    for at, records in points:
        if records is None:
            strokes.append([])
            continue
        x = WIDTH * (1 - (now - at).total_seconds() / SPAN_S)
        y = HEIGHT - 1 - (HEIGHT - 2) * records / max(most, 1)
        strokes[-1].append(f"{x:.1f},{y:.1f}")
    return Sparkline(
        topic,
        max((one.state for one in places), key=BY_GRAVITY.index),
        sum(one.records or 0 for one in places) if known else None,
        max(one.seconds or 0.0 for one in places) if known else None,
        most,
        [" ".join(stroke) for stroke in strokes if stroke],
    )
