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


def test_commands_for_people_do_without_libraries(capsys: pytest.CaptureFixture[str]) -> None:
    """They say themselves what is wrong."""
    logs.configure(of_libraries=False)
    logging.getLogger("aiokafka").error("Unable to connect")
    assert capsys.readouterr().err == ""
