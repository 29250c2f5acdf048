"""`portal lag` where there are no topics (yet)."""

import json
from collections.abc import Callable

import pytest

from portal.commands import lag as command
from portal.errors import CommandError
from portal.settings import Settings
from projectors.kafka.topology import MissingTopics
from projectors.lag import Lag

SETTINGS = Settings.read(
    {"PORTAL_KAFKA_BOOTSTRAP": "127.0.0.1:1", "PORTAL_MONGO_URL": "mongodb://127.0.0.1:1/"}
)
WHY = "there is no topic servicehub.visits: run `portal topics create`"


class Enough(Exception):
    """Ends what goes on for ever."""


@pytest.fixture
def measured(monkeypatch: pytest.MonkeyPatch) -> Callable[[], int]:
    """Says how often the lag was measured; the fourth time ends it."""
    times = 0

    async def measure(*_: object) -> Lag:
        nonlocal times
        times += 1
        raise Enough if times > 3 else MissingTopics(WHY)

    monkeypatch.setattr(command, "measure", measure)
    monkeypatch.setattr(command, "REFRESH_INTERVAL_S", 0.0)
    return lambda: times


async def test_it_is_unknown_and_said_why(
    measured: Callable[[], int], capsys: pytest.CaptureFixture[str]
) -> None:
    """For people and for programs, with the status of what could not be measured."""
    for as_json in (False, True):
        with pytest.raises(CommandError, match=WHY) as error:
            await command.lag(SETTINGS, watch=False, as_json=as_json)
        assert error.value.status == 1
        assert "unknown" in capsys.readouterr().out
    assert measured() == 2


@pytest.mark.parametrize("as_json", [False, True])
async def test_who_watches_waits_for_them(
    measured: Callable[[], int], capsys: pytest.CaptureFixture[str], *, as_json: bool
) -> None:
    """As where Kafka is away."""
    with pytest.raises(Enough):
        await command.lag(SETTINGS, watch=True, as_json=as_json)
    said = capsys.readouterr()
    assert measured() == 4
    if as_json:
        assert [json.loads(line)["state"] for line in said.out.splitlines()] == ["unknown"] * 3
        assert said.err.count(WHY) == 3
