"""What a contract's page makes of its health."""

from typing import Any

from query_api.pages.presenters.contract_health import LONGEST, Bar, cards, counts, gapless


def month(name: str, done: int, due: int) -> dict[str, Any]:
    return {
        "month": name,
        "due": due,
        "completed": done,
        "timed": done,
        "on_time": done - 1,
        "with_proof": done,
    }


HEALTH: dict[str, Any] = {
    "due": 10,
    "completed": 9,
    "completion_rate": 0.9,
    "timed": 7,
    "on_time": 6,
    "on_time_rate": 0.8571,
    "with_proof": 4,
    "proof_rate": 0.4444,
    "targets": {"completion": 0.95, "on_time": None, "proof": 0.4},
    "trend": [month("2025-11", 4, 5), month("2026-01", 5, 5)],
}


def test_every_figure_opens_into_lists_whose_lengths_add_up() -> None:
    """Done and not done make due; on time, late and unknown make done; with and without proof, too."""
    lengths = counts(HEALTH)

    assert lengths["due"] == lengths["completed"] + lengths["missed"]
    assert lengths["completed"] == lengths["on_time"] + lengths["late"] + lengths["untimed"]
    assert lengths["completed"] == lengths["with_proof"] + lengths["without_proof"]


def test_a_card_names_the_other_lists_behind_its_figure() -> None:
    """What a figure counts is its own link; the rest of what it is out of stands beside it."""
    shown = {card.figure.name: (card.counted_by, list(card.lists)) for card in cards(HEALTH)}

    assert shown == {
        "completion": ("completed", [("due", 10), ("missed", 1)]),
        "on_time": ("on_time", [("late", 1), ("untimed", 2)]),
        "proof": ("with_proof", [("without_proof", 5)]),
    }


def test_a_month_without_visits_is_there_and_empty() -> None:
    """Between two months with visits stands the one without, over a change of year, and counts as nothing."""
    assert [one["month"] for one in gapless(HEALTH["trend"])] == ["2025-11", "2025-12", "2026-01"]
    assert cards(HEALTH)[0].bars == [Bar("2025-11", 4, 5), Bar("2025-12", 0, 0), Bar("2026-01", 5, 5)]


def test_a_long_pause_does_not_stretch_the_chart() -> None:
    """Of many months the latest are shown."""
    shown = gapless([month("2019-01", 1, 1), month("2026-01", 1, 1)])

    assert (len(shown), shown[-1]["month"]) == (LONGEST, "2026-01")


def test_without_visits_there_are_no_months() -> None:
    """A new contract has no months."""
    assert gapless([]) == []
