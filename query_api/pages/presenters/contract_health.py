"""Presenter of a contract's health: figures with the lists behind them, and its months without gaps.

Pure: health is the JSON of the API (docs/contracts/views.md, Contracts and their health).
"""

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from query_api.pages.presenters.dashboard import COUNTS, Figure, Item, figure

LISTS: Mapping[str, Sequence[str]] = {
    "completion": ("due", "completed", "missed"),
    "on_time": ("on_time", "late", "untimed"),
    "proof": ("with_proof", "without_proof"),
}
"""The lists that a figure opens into (docs/contracts/views.md, The visits behind a figure)."""

FIGURES = (*dict.fromkeys(name for names in LISTS.values() for name in names), "excluded")
"""All lists, in the order they are offered."""

LONGEST = 24
"""Months that a chart has room for, those without a visit among them."""


class Bar(NamedTuple):
    """A figure in one month."""

    month: str
    counted: int
    of: int
    """0 where nothing was due."""


class HealthCard(NamedTuple):
    """A figure as a contract's page shows it."""

    figure: Figure
    counted_by: str
    """The list that its count is the length of."""
    lists: Sequence[tuple[str, int]]
    """The other lists behind it, each with its length."""
    bars: Sequence[Bar]


def cards(health: Item) -> Sequence[HealthCard]:
    """Return the three figures of a contract's health, in the order they are shown."""
    lengths, months = counts(health), gapless(health["trend"])
    return [
        HealthCard(
            figure=figure(health, name),
            counted_by=COUNTS[name][0],
            lists=[(one, lengths[one]) for one in LISTS[name] if one != COUNTS[name][0]],
            bars=[Bar(month["month"], *(month.get(field, 0) for field in COUNTS[name])) for month in months],
        )
        for name in COUNTS
    ]


def counts(health: Item) -> Mapping[str, int]:
    """Return the length of every list but `excluded`, which the health does not count."""
    due, completed, timed = health["due"], health["completed"], health["timed"]
    return {
        "due": due,
        "completed": completed,
        "missed": due - completed,
        "on_time": health["on_time"],
        "late": timed - health["on_time"],
        "untimed": completed - timed,
        "with_proof": health["with_proof"],
        "without_proof": completed - health["with_proof"],
    }


def gapless(trend: Sequence[Item]) -> Sequence[Item]:
    """Return the months of a trend and those between them in which nothing was due, as `{"month"}`; the latest
    `LONGEST`."""
    if not trend:
        return []
    known = {month["month"]: month for month in trend}
    first, last = (_number(trend[at]["month"]) for at in (0, -1))
    names = [f"{number // 12:04}-{number % 12 + 1:02}" for number in range(first, last + 1)]
    return [known.get(name, {"month": name}) for name in names[-LONGEST:]]


def _number(month: str) -> int:
    return int(month[:4]) * 12 + int(month[5:]) - 1
