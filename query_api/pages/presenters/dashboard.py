"""Presenter of the dashboard: next visit, what needs the customer's attention, health figures.

Pure: the dashboard is the JSON of `GET /{slug}/api/portal` (docs/contracts/api.md), what depends on now is told.
"""

from collections.abc import Mapping, Sequence
from fractions import Fraction
from typing import Any, Literal, NamedTuple

Item = Mapping[str, Any]

ENOUGH = 5
"""Visits from which on a figure is a percentage and may have a trend; below it is "3 of 4".

See docs/contracts/pages.md, Contract.
"""

TREND_MONTHS = 6
"""Months on either side of the comparison a trend is."""

STEADY = Fraction(2, 100)
"""Up to this difference of two rates a trend is called steady."""


class UpcomingAppointments(NamedTuple):
    """The upcoming appointments as home shows them."""

    next: Item | None
    """The soonest whose window has not passed; where all have, the first that is under way."""
    running: Sequence[Item]
    """Under way although their window has passed."""
    later: Sequence[Item]


class Figure(NamedTuple):
    """One figure of a contract's health."""

    name: Literal["completion", "on_time", "proof"]
    counted: int
    of: int
    rate: float | None
    """None below `ENOUGH`: then `counted` and `of` say it."""
    target: float | None
    met: bool | None
    """None where there is no target, or nothing to hold against it."""
    trend: Literal["better", "worse", "steady"] | None
    """The latest `TREND_MONTHS` against those before; None where either side is below `ENOUGH`."""


COUNTS: Mapping[Literal["completion", "on_time", "proof"], tuple[str, str]] = {
    "completion": ("completed", "due"),
    "on_time": ("on_time", "timed"),
    "proof": ("with_proof", "completed"),
}
"""What is counted for a figure, and out of what (docs/contracts/views.md, Contracts and their health)."""


def appointments(upcoming: Sequence[Item], now: str) -> UpcomingAppointments:
    """Sort upcoming appointments, soonest first, into next, running and later; `now` is a served timestamp."""
    ahead = [item for item in upcoming if item["window"]["end"] >= now]
    running = [item for item in upcoming if item["window"]["end"] < now]
    queue = ahead or running
    following = queue[0] if queue else None
    return UpcomingAppointments(
        next=following,
        running=[item for item in running if item is not following],
        later=ahead[1:],
    )


def overdue(dashboard: Item) -> Sequence[Item]:
    """Return the open invoices whose due date has passed, first due first."""
    return [invoice for invoice in dashboard["open_invoices"] if invoice["overdue"]]


def figures(health: Item) -> Sequence[Figure]:
    """Return the three figures of a contract's health, in the order they are shown."""
    return [figure(health, name) for name in COUNTS]


def figure(health: Item, name: Literal["completion", "on_time", "proof"]) -> Figure:
    """Return one figure, with its target and its trend."""
    counted, of = (health[field] for field in COUNTS[name])
    rate, target = health[f"{name}_rate"], health["targets"][name]
    return Figure(
        name=name,
        counted=counted,
        of=of,
        rate=rate if of >= ENOUGH else None,
        target=target,
        met=None if target is None or rate is None else rate >= target,
        trend=trend(health["trend"], name),
    )


def trend(
    months: Sequence[Item], name: Literal["completion", "on_time", "proof"]
) -> Literal["better", "worse", "steady"] | None:
    """Return how a figure of the latest months compares with the months before, oldest first."""
    before = _rate(months[-2 * TREND_MONTHS : -TREND_MONTHS], name)
    after = _rate(months[-TREND_MONTHS:], name)
    if before is None or after is None:
        return None
    if abs(after - before) <= STEADY:
        return "steady"
    return "better" if after > before else "worse"


def _rate(months: Sequence[Item], name: Literal["completion", "on_time", "proof"]) -> Fraction | None:
    counted, of = (sum(month[field] for month in months) for field in COUNTS[name])
    return Fraction(counted, of) if of >= ENOUGH else None
