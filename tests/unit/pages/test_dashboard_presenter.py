"""What home makes of the dashboard."""

from typing import Any

import pytest

from query_api.pages.presenters.dashboard import appointments, figure, figures, overdue, trend

NOW = "2026-11-24T16:00:00.000Z"


def visit(name: str, end: str, status: str = "scheduled") -> dict[str, Any]:
    return {"id": name, "status": status, "window": {"start": "2026-11-24T14:00:00.000Z", "end": end}}


def month(done: int, due: int) -> dict[str, Any]:
    return {
        "due": due,
        "completed": done,
        "timed": done,
        "on_time": done,
        "with_proof": done,
    }


def health(**given: Any) -> dict[str, Any]:
    return {
        "due": 10,
        "completed": 10,
        "completion_rate": 1.0,
        "timed": 10,
        "on_time": 9,
        "on_time_rate": 0.9,
        "with_proof": 4,
        "proof_rate": 0.4,
        "targets": {"completion": 0.95, "on_time": 0.9, "proof": 0.5},
        "trend": [],
    } | given


def test_next_is_the_soonest_whose_window_has_not_passed() -> None:
    """A visit under way whose window has passed gives way to the next one, and stays in sight."""
    late = visit("late", "2026-11-24T15:00:00.000Z", "in_progress")
    soon, then = visit("soon", NOW), visit("then", "2026-11-25T18:00:00.000Z")

    assert appointments([late, soon, then], NOW) == (soon, [late], [then])


def test_next_is_under_way_where_nothing_else_is_to_come() -> None:
    """Where every window has passed, the first visit under way is next."""
    first = visit("first", "2026-11-24T15:00:00.000Z", "on_the_way")
    second = visit("second", "2026-11-24T15:30:00.000Z", "in_progress")

    assert appointments([first, second], NOW) == (first, [second], [])


def test_nobody_is_next_without_appointments() -> None:
    """No appointment, no next visit."""
    assert appointments([], NOW) == (None, [], [])


def test_overdue_invoices_need_the_customer() -> None:
    """Of the open invoices those that are overdue are brought up front, in their order."""
    invoices = [{"id": "a", "overdue": True}, {"id": "b", "overdue": False}, {"id": "c", "overdue": True}]

    assert [invoice["id"] for invoice in overdue({"open_invoices": invoices})] == ["a", "c"]


def test_figures_are_held_against_their_targets() -> None:
    """A target that is just reached is met; one that is not is missed."""
    assert [found.met for found in figures(health())] == [True, True, False]


def test_without_target_nothing_is_met_or_missed() -> None:
    """Where there is no target, or nothing counted yet, nothing is met or missed."""
    targets = {"completion": None, "on_time": 0.9, "proof": None}
    counted = health(targets=targets, timed=0, on_time=0, on_time_rate=None)

    assert [found.met for found in figures(counted)] == [None, None, None]


def test_few_visits_are_no_percentage() -> None:
    """Below five visits a figure is a count; from five on it is a rate."""
    few = figure(health(due=4, completed=3, completion_rate=0.75), "completion")
    enough = figure(health(due=5, completed=3, completion_rate=0.6), "completion")

    assert (few.counted, few.of, few.rate) == (3, 4, None)
    assert enough.rate == 0.6


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ((9, 10), (10, 10), "better"),
        ((10, 10), (9, 10), "worse"),
        ((49, 50), (50, 50), "steady"),
        ((4, 4), (10, 10), None),
        ((10, 10), (4, 4), None),
    ],
)
def test_a_trend_compares_half_years(
    before: tuple[int, int], after: tuple[int, int], expected: str | None
) -> None:
    """The latest six months are held against the six before, where both counted enough."""
    silent = [month(0, 0)] * 5

    assert expected == trend([month(*before), *silent, month(*after), *silent], "completion")


def test_a_short_history_has_no_trend() -> None:
    """Six months or fewer have nothing before them."""
    assert trend([month(10, 10)] * 6, "completion") is None
