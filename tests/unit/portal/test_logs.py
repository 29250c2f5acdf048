"""What is logged, and what is not."""

import json
import logging
from collections.abc import Iterator

import pytest
import structlog

from portal import logs


@pytest.fixture(autouse=True)
def _as_it_was() -> Iterator[None]:
    root = logging.getLogger()
    handlers, level = root.handlers, root.level
    yield
    root.handlers, root.level = handlers, level
    structlog.reset_defaults()


def test_a_line_is_json(capsys: pytest.CaptureFixture[str]) -> None:
    """Ours and those of libraries, with what is bound."""
    logs.configure()
    structlog.get_logger("ours").warning("moved", lane=3, offset=17)
    logging.getLogger("theirs").warning("said %s", "this")
    ours, theirs = (json.loads(line) for line in capsys.readouterr().err.splitlines())
    assert (ours["event"], ours["lane"], ours["offset"], ours["level"]) == ("moved", 3, 17, "warning")
    assert (theirs["event"], theirs["logger"]) == ("said this", "theirs")


@pytest.mark.parametrize("terminal", [True, False])
def test_who_waits_at_a_terminal_is_told_of_warnings_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, terminal: bool
) -> None:
    """Other lines would stand in the middle of the progress bar."""
    monkeypatch.setattr("sys.stderr.isatty", lambda: terminal)
    logs.configure(of_libraries=False)
    structlog.get_logger("ours").info("moved")
    structlog.get_logger("ours").warning("waiting")
    said = capsys.readouterr().err
    assert ("moved" in said, "waiting" in said) == (not terminal, True)


def test_an_error_shows_no_values(capsys: pytest.CaptureFixture[str]) -> None:
    """Neither of variables nor the addresses that messages quote."""
    logs.configure()
    code = "ann.lee@example.com"
    try:
        int(code)
    except ValueError:
        structlog.get_logger("ours").exception("failed")
    line = capsys.readouterr().err
    assert "ValueError" in line
    assert code not in line
    assert '"code"' not in line


def test_long_texts_are_logged_at_once_and_cut(capsys: pytest.CaptureFixture[str]) -> None:
    """What an error quotes may be long, and half an address is none to be shown."""
    logs.configure()
    address = "ann.lee@example.com"
    error = ValueError("x " * 245 + address + " " + "y" * 64_000)
    structlog.get_logger("ours").error("failed", exc_info=error)
    structlog.get_logger("ours").warning("z" * 1_000_000 + " " + address)
    structlog.get_logger("ours").warning("l" * 500 + address)
    first, second, third = capsys.readouterr().err.splitlines()
    assert len(first) < 2_000
    assert "ann" not in first + second + third
    assert json.loads(third)["event"] == "…@…"


def test_errors_of_a_group_are_cut_as_well(capsys: pytest.CaptureFixture[str]) -> None:
    """They lie inside of what tells of the group."""
    logs.configure()
    error = ExceptionGroup("several", [ValueError("y" * 64_000)])
    structlog.get_logger("ours").error("failed", exc_info=error)
    line = capsys.readouterr().err
    assert "yyy" in line
    assert len(line) < 3_000


def test_commands_for_people_do_without_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    """They say themselves what is wrong."""
    logs.configure(of_libraries=False)
    logging.getLogger("aiokafka").error("Unable to connect")
    assert capsys.readouterr().err == ""
