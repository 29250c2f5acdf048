"""Alerts of the staff page, most severe first, each with advice."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Final, NamedTuple

from projectors.staff.service import Overview
from projectors.staff.templating import age, number

HEARTBEAT_TIMEOUT: Final = timedelta(seconds=15)
"""A process without a heartbeat for this long hangs or is gone."""


class Alert(NamedTuple):
    """A problem."""

    tone: str
    """`bad`, or `wait` for a condition that may pass by itself."""
    headline: str
    advice: str


def current_alerts(overview: Overview, version: int, now: datetime) -> list[Alert]:
    """Return all that is wrong."""
    return [*_lag_alerts(overview, version, now), *_process_alerts(overview, now), *_data_alerts(overview)]


def _lag_alerts(overview: Overview, version: int, now: datetime) -> Iterator[Alert]:
    lag = overview.lag
    reasons = "; ".join(lag.reasons)
    backlog = f"{number(lag.records)} records wait, the oldest for {age(lag.seconds)}"
    if lag.state == "unknown":
        yield Alert(
            "bad",
            "The lag is not known",
            f"{reasons}. Nothing is lost: the views stay as they are meanwhile.",
        )
    elif lag.state == "broken":
        yield Alert(
            "bad",
            "Log and views do not belong together",
            f"{reasons}. Workers have stopped, rightly: see docs/operating.md, Truncated or recreated topics.",
        )
    elif lag.state == "stalled":
        has_worker = any(is_alive(one.seen_at, now) and one.lanes for one in overview.processes or ())
        advice = (
            "Its log says what it waits for."
            if has_worker
            else "No worker says that it runs: start `portal project`."
        )
        yield Alert("bad", "Nothing is being applied", f"{backlog}. {advice}")
    elif lag.state == "lagging":
        yield Alert(
            "wait", "The views are behind", f"{backlog}. If it stays so, start more `portal project`."
        )
    if lag.state != "unknown" and lag.generation is None:
        yield Alert(
            "wait",
            f"Nothing is served in version {version} of the views",
            "`portal project` makes the first views; where there are others, `portal rebuild --promote`.",
        )


def _process_alerts(overview: Overview, now: datetime) -> Iterator[Alert]:
    for one in overview.processes or ():
        if not is_alive(one.seen_at, now):
            yield Alert(
                "wait",
                f"A process of `portal {one.kind}` is silent",
                f"Process {one.pid} on {one.host} said last {age(now - one.seen_at)} ago that it runs.",
            )


def _data_alerts(overview: Overview) -> Iterator[Alert]:
    lag = overview.lag
    if held := sum(one.number for one in overview.errors or () if one.kind == "held"):
        yield Alert(
            "bad",
            f"{_pluralize(held, 'event holds its customer', 'events hold their customers')}",
            f"{number(lag.waiting)} records wait behind. Mend the cause and retry, or discard, below.",
        )
    if unreadable := sum(one.number for one in overview.errors or () if one.kind == "unreadable"):
        yield Alert(
            "wait",
            _pluralize(unreadable, "record could not be read", "records could not be read"),
            "Their customers went on without them. Look at them, and discard them with a reason, below.",
        )
    if lag.gaps:
        yield Alert(
            "wait",
            _pluralize(
                lag.gaps,
                "number is missing in what was published",
                "numbers are missing in what was published",
            ),
            "ServiceHub has to say what became of them.",
        )
    if overview.notices:
        yield Alert("wait", _pluralize(len(overview.notices), "notice", "notices"), "What they say is below.")


def is_alive(seen_at: datetime, now: datetime) -> bool:
    """Return whether a process has said lately that it runs."""
    return now - seen_at <= HEARTBEAT_TIMEOUT


def _pluralize(count: int, one: str, many: str) -> str:
    return f"{number(count)} {one if count == 1 else many}"
