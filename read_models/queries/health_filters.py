"""Filters that select the visits of a health figure (docs/contracts/views.md, The visits behind a figure)."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any, NamedTuple

from read_models.documents import Doc
from read_models.indexed_lists import ListQuery

OUTCOMES = ("completed", "missed", "cancelled")

NOT_COMPLETED = OUTCOMES[1:]


class HealthFilter(NamedTuple):
    """Filter of a figure: past visits with one of the statuses that pass it, in MongoDB's terms."""

    statuses: Sequence[str]
    passing: Callable[[int], Mapping[str, Any]]
    """Given the contract's `on_time_grace_minutes`; a visit's `late` is in minutes, null where it is not timed."""


COMPLETED = OUTCOMES[:1]

FIGURES: Mapping[str, HealthFilter] = {
    "due": HealthFilter(OUTCOMES, lambda _: {"$or": [{"status": "completed"}, {"responsible": "business"}]}),
    "completed": HealthFilter(COMPLETED, lambda _: {}),
    "on_time": HealthFilter(COMPLETED, lambda grace: {"late": {"$lte": grace}}),
    "late": HealthFilter(COMPLETED, lambda grace: {"late": {"$gt": grace}}),
    "untimed": HealthFilter(COMPLETED, lambda _: {"late": None}),
    "with_proof": HealthFilter(COMPLETED, lambda _: {"has_proof": True}),
    "without_proof": HealthFilter(COMPLETED, lambda _: {"has_proof": False}),
    "missed": HealthFilter(NOT_COMPLETED, lambda _: {"responsible": "business"}),
    "excluded": HealthFilter(NOT_COMPLETED, lambda _: {"responsible": {"$ne": "business"}}),
}


def apply_filters(
    wanted: ListQuery, counted: Sequence[str], months: Sequence[str], *, grace: int
) -> ListQuery:
    """Return the range of a contract's past visits, of one of the figures and one of the months, where some are
    named."""
    tests: list[Doc] = []
    if counted:
        figures = [FIGURES[name] for name in counted]
        statuses = {status for figure in figures for status in figure.statuses}
        only = tuple(f"visits/{status}" for status in OUTCOMES if status in statuses)
        wanted = wanted._replace(only=only)
        tests.append({"$or": [{"status": {"$in": one.statuses}, **one.passing(grace)} for one in figures]})
    if months:
        first, last = utc_bounds(months)
        tests.append({"month": {"$in": months}, "down.key": {"$gte": first, "$lte": last}})
    return wanted._replace(where={"$and": tests}) if tests else wanted


def utc_bounds(months: Sequence[str]) -> tuple[str, str]:
    """Bounds of the starts (UTC) of all visits in these months, which each visit counts in its own zone.

    No zone has ever been a day away from UTC.
    """
    first, last = min(months), max(months)
    # After the last year there is none: its December ends where the calendar does.
    return f"{shift_month(first, -1)}-27", max(f"{shift_month(last, 1)}-03", f"{last}-99")


def shift_month(month: str, by: int) -> str:
    """Return the month before (-1) or after (1) a month `YYYY-MM`."""
    count = int(month[:4]) * 12 + int(month[5:]) - 1 + by
    return f"{count // 12:04}-{count % 12 + 1:02}"
