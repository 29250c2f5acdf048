"""`portal dead-letters retry --all`: every customer that is held is tried, and nothing that is mended fails."""

from collections import Counter
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from types import SimpleNamespace

import pytest

from portal.commands import dead_letters
from portal.errors import CommandError
from portal.settings import Settings
from projectors.operations.hold_release import RetryFailed
from projectors.operations.quarantine import DeadLetterNotFound, RetryResult
from read_models.store import DeadLetter, LogPosition
from read_models.store.quarantine.dead_letter_queries import ErrorCount, Kind

SETTINGS = Settings.read(
    {"PORTAL_KAFKA_BOOTSTRAP": "127.0.0.1:1", "PORTAL_MONGO_URL": "mongodb://127.0.0.1:1/"}
)
BEGIN = datetime(2026, 3, 2, tzinfo=UTC)
MANY = 10_001


def letter(kind: Kind, number: int, customer: str, error: str) -> DeadLetter:
    """The later the higher its number."""
    position, at = LogPosition("visits", 0, number), BEGIN + timedelta(seconds=number)
    return DeadLetter(position.id, kind, error, "biz_1", customer, 0, position, at, 0, [1], None)


def held(number: int, customer: str = "", error: str = "a fault") -> DeadLetter:
    """One that holds a customer."""
    return letter("held", number, customer or f"cus_{number}", error)


def unreadable(number: int) -> DeadLetter:
    """One that holds nobody."""
    return letter("unreadable", number, "", "not JSON")


class Quarantine:
    """In memory: a retry mends a customer, one of `failing` it does not."""

    def __init__(self, *letters: DeadLetter, failing: frozenset[str] = frozenset()) -> None:
        self.there = {one.id: one for one in letters}
        self.failing = failing
        self.tried: Counter[str] = Counter()

    async def latest(self, limit: int, error: str | None = None) -> list[DeadLetter]:
        """As the store's."""
        wanted = [one for one in self.there.values() if error in (None, one.error)]
        return sorted(wanted, key=lambda one: one.at, reverse=True)[:limit]

    async def errors(self) -> list[ErrorCount]:
        """As the store's."""
        counted = Counter((one.kind, one.error) for one in self.there.values())
        return [ErrorCount(*what, number, {0: number}, BEGIN, BEGIN) for what, number in counted.items()]

    async def retry(self, name: str, _: str) -> RetryResult:
        """As the quarantine's."""
        self.tried[name] += 1
        if name not in self.there:
            raise DeadLetterNotFound(f"there is no dead letter {name}")
        if name in self.failing:
            raise RetryFailed(f"{name} cannot be applied")
        owner = self.there[name].owner
        for gone in [one.id for one in self.there.values() if one.owner == owner]:
            del self.there[gone]
        return RetryResult(1, [str(owner)])


@pytest.fixture
def opened(monkeypatch: pytest.MonkeyPatch) -> Callable[[Quarantine], Quarantine]:
    """Has a quarantine be the installation's."""

    def having(one: Quarantine) -> Quarantine:
        @asynccontextmanager
        async def open_(_: object) -> AsyncIterator[tuple[SimpleNamespace, Quarantine]]:
            yield SimpleNamespace(letters=one), one

        monkeypatch.setattr("projectors.operations.quarantine.open_quarantine", open_)
        return one

    return having


async def retry(*names: str, error: str | None = None) -> None:
    """The command, by the names given, else for all."""
    await dead_letters.retry(SETTINGS, names, everything=not names, error=error, by="eve")


async def test_two_letters_of_one_customer_are_mended_by_one_retry(
    opened: Callable[[Quarantine], Quarantine],
) -> None:
    """The second is gone then, which is what was wanted; one that is named has to be there."""
    one = opened(Quarantine(held(1, "cus_1"), held(2, "cus_1", "another fault"), held(3)))
    await retry()
    assert one.there == {}
    with pytest.raises(CommandError, match="there is no dead letter visits-0-1"):
        await retry("visits-0-1")


async def test_what_is_newer_hides_nobody(opened: Callable[[Quarantine], Quarantine]) -> None:
    """However many cannot be read, also for the same reason as what holds."""
    newer = [unreadable(number) for number in range(10, MANY + 10)]
    one = opened(Quarantine(held(1), held(2, error="not JSON"), *newer))
    await retry()
    assert {left.kind for left in one.there.values()} == {"unreadable"}


async def test_what_still_fails_hides_nobody_either(
    opened: Callable[[Quarantine], Quarantine], capsys: pytest.CaptureFixture[str]
) -> None:
    """All are tried, each once; the command ends with what failed."""
    newer = [held(number) for number in range(10, MANY + 10)]
    one = opened(Quarantine(held(1), *newer, failing=frozenset(other.id for other in newer)))
    with pytest.raises(CommandError, match="visits-0-10 cannot be applied"):
        await retry()
    assert len(one.there) == MANY
    assert set(one.tried.values()) == {1}
    assert "visits-0-1: retried" in capsys.readouterr().out


async def test_only_one_error_may_be_retried(
    opened: Callable[[Quarantine], Quarantine], capsys: pytest.CaptureFixture[str]
) -> None:
    """Where there is none of it there is nothing to do."""
    one = opened(Quarantine(held(1), held(2, error="another fault")))
    await retry(error="another fault")
    assert list(one.there) == ["visits-0-1"]
    await retry(error="another fault")
    assert capsys.readouterr().out.endswith("there is nothing to do\n")
