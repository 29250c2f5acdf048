"""The page about security leaves no row of OWASP ASVS 5.0, level 2, out, and names tests that there are."""

import ast
import re
from pathlib import Path

ROOT = Path(__file__).parents[2]
PAGE = (ROOT / "docs/security.md").read_text("utf-8")

LEVEL_2 = {
    "3.2": (1, 2),
    "3.3": (1, 4),
    "3.4": (1, 6),
    "3.5": (1, 5),
    "3.7": (1, 2),
    "6.1": (1, 3),
    "6.2": (1, 12),
    "6.3": (1, 4),
    "6.4": (1, 4),
    "6.5": (1, 5),
    "6.6": (1, 3),
    "6.8": (1, 4),
    "7.1": (1, 3),
    "7.2": (1, 4),
    "7.3": (1, 2),
    "7.4": (1, 5),
    "7.5": (1, 2),
    "7.6": (1, 2),
    "8.1": (1, 2),
    "8.2": (1, 3),
    "8.3": (1, 1),
    "8.4": (1, 1),
}
"""The rows of levels 1 and 2 in the chapters V3, V6, V7 and V8: first and last number by section."""


def test_every_row_is_answered_once() -> None:
    """In the order of the standard."""
    wanted = [
        f"{section}.{number}"
        for section, (first, last) in LEVEL_2.items()
        for number in range(first, last + 1)
    ]

    assert re.findall(r"^\| (\d\.\d\.\d+) \|", PAGE, re.MULTILINE) == wanted


def test_every_other_chapter_has_a_paragraph() -> None:
    """V1 to V17."""
    told = re.findall(r"^(?:## |\*\*)V(\d+) ", PAGE, re.MULTILINE)

    assert sorted(map(int, told)) == list(range(1, 18))


def test_every_test_that_is_named_exists() -> None:
    """`path::name`"""
    named = re.findall(r"`(tests/[\w/]+\.py)::(\w+)`", PAGE)
    assert len(named) > 40
    for path, name in named:
        tree = ast.parse((ROOT / path).read_text("utf-8"))
        functions = {
            node.name for node in tree.body if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)
        }
        assert name in functions, f"{path}::{name}"


def test_what_is_met_is_shown() -> None:
    """Only what does not apply, or is open, has no test."""
    rows = [line for line in PAGE.splitlines() if re.match(r"\| \d\.", line)]
    without_test = [row for row in rows if "`tests/" not in row]
    assert len(without_test) < len(rows)
    for row in without_test:
        assert re.search(r"not applicable|\*\*open\*\*|\| none \|", row), row
