"""Arguments of the commands, and their defaults."""

import os
import runpy

import pytest
from typer.testing import CliRunner

from portal import cli


@pytest.mark.parametrize("cores", [None, 1, 64, 65, 192])
def test_a_rebuild_starts_however_many_cores_there_are(
    cores: int | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With as many processes as may be: it comes to its settings, which are missing here."""
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    for variable in [name for name in os.environ if name.startswith("PORTAL_")]:
        monkeypatch.delenv(variable)
    ended = CliRunner().invoke(runpy.run_path(cli.__file__)["app"], ["rebuild", "--dry-run"])
    assert "PORTAL_KAFKA_BOOTSTRAP is not set" in str(ended.exception), ended.output
