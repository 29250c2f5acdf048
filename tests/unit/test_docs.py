"""README.md and docs/: what they name is there, and what an operator can set or type is named."""

import re
from collections.abc import Iterator
from dataclasses import fields
from pathlib import Path

import pytest
import typer

import local_stack
from portal.cli import app
from portal.settings import Settings
from query_api.config import SignInLimits

ROOT = Path(local_stack.__file__).parents[1]
OPERATING = (ROOT / "docs/operating.md").read_text()


def commands(app: typer.Typer, *above: str) -> Iterator[str]:
    """`topics create` and the like, of all commands that are listed."""
    for command in app.registered_commands:
        assert command.callback is not None
        if not command.hidden:
            yield " ".join((*above, command.name or command.callback.__name__))
    for group in app.registered_groups:
        assert group.typer_instance is not None
        if not group.hidden:
            yield from commands(group.typer_instance, *above, str(group.name))


def test_every_setting_is_explained_and_no_other() -> None:
    """An operator reads of all that can be set, and of nothing that has no effect."""
    settings = {f"PORTAL_{name.upper()}" for name in Settings.model_fields} - {"PORTAL_LIMITS"}
    limits = {f"PORTAL_LIMIT_{field.name.upper()}" for field in fields(SignInLimits)}
    assert set(re.findall(r"PORTAL_\w+", OPERATING)) == settings | limits


def test_every_command_is_explained_and_no_other() -> None:
    """The table of commands is what `portal --help` lists."""
    table = OPERATING[OPERATING.index("| command | does |") :].split("\n\n")[0]
    explained = {
        " ".join(re.findall(r"^(?:[a-z]+(?:-[a-z]+)* ?)+", line)).strip()
        for line in re.findall(r"^\| `portal (.*?)`", table, re.MULTILINE)
    }
    assert explained == set(commands(app))


@pytest.mark.parametrize("document", ["README.md", "docs/operating.md"])
def test_links_lead_somewhere(document: str) -> None:
    """Every file and folder that a document links to is there."""
    path = ROOT / document
    targets = re.findall(r"\]\(([^)#]+)\)", path.read_text())
    assert [target for target in targets if not (path.parent / target).exists()] == []
