"""Answers that are remembered for a moment, and renewed before it is over."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest

from query_api import refresh_ahead_cache
from query_api.refresh_ahead_cache import BatchRefreshAheadCache, RefreshAheadCache
from read_models.store import StoreUnavailable
from tests.support.fake_clock import FakeClock

SECONDS = 10.0


@pytest.fixture
def clock(monkeypatch: pytest.MonkeyPatch) -> FakeClock:
    made = FakeClock()
    monkeypatch.setattr(refresh_ahead_cache, "time", made)
    return made


class Source:
    """Answers how often it was asked; waits while `away`."""

    def __init__(self) -> None:
        self.asked: list[list[str]] = []
        self.there = asyncio.Event()
        self.there.set()
        self.broken = False

    async def __call__(self, keys: Sequence[str]) -> Mapping[str, int]:
        self.asked.append(sorted(keys))
        answer = len(self.asked)
        await self.there.wait()
        if self.broken:
            raise StoreUnavailable("away")
        return dict.fromkeys(keys, answer)

    async def one(self, key: str) -> int:
        """The answer for one."""
        return (await self([key]))[key]


async def test_those_in_use_are_renewed_with_one_question(clock: FakeClock) -> None:
    """Late in its time the old answer is given at once, and all that were used are asked for together."""
    source = Source()
    answers = BatchRefreshAheadCache(source, SECONDS)
    for key in ("a", "b", "unused"):
        await answers.get(key)
    await answers.get("b")
    clock.now += SECONDS * 0.8

    assert await answers.get("a") == 1
    await asyncio.sleep(0.01)
    assert await answers.get("a") == await answers.get("b") == 4
    assert source.asked[3:] == [["a", "b"]]


async def test_what_is_forgotten_while_it_is_renewed_stays_forgotten(clock: FakeClock) -> None:
    """An answer that was on its way when its subject ended does not come back."""
    source = Source()
    answers = BatchRefreshAheadCache(source, SECONDS)
    await answers.get("a")
    clock.now += SECONDS * 0.8
    source.there.clear()
    await answers.get("a")
    await asyncio.sleep(0.01)
    answers.invalidate("a")
    source.there.set()
    await asyncio.sleep(0.01)

    assert await answers.get("a") == 3


async def test_what_is_forgotten_while_it_is_asked_for_is_not_remembered(clock: FakeClock) -> None:
    """A request beside a sign-out does not bring the session back."""
    source = Source()
    answers = BatchRefreshAheadCache(source, SECONDS)
    source.there.clear()
    asking = asyncio.create_task(answers.get("a"))
    await asyncio.sleep(0.01)
    answers.invalidate("a")
    source.there.set()

    assert await asking == 1
    assert await answers.get("a") == 2


async def test_an_answer_is_never_older_than_it_may_be(clock: FakeClock) -> None:
    """A renewal that fails leaves the answer as old as it is; who asks when it is too old is told the truth."""
    source = Source()
    answers = BatchRefreshAheadCache(source, SECONDS)
    await answers.get("a")
    source.broken = True
    clock.now += SECONDS * 0.8
    assert await answers.get("a") == 1
    await asyncio.sleep(0.01)
    clock.now += SECONDS * 0.8
    source.broken = False

    assert await answers.get("a") == 3


async def test_what_is_in_use_is_renewed_and_nobody_waits(clock: FakeClock) -> None:
    """Late in its time a crowd gets the old answer, and one question is asked; after it, each waits for a new one."""
    source = Source()
    answers = RefreshAheadCache(source.one, SECONDS)
    await answers.get("a")
    clock.now += SECONDS * 0.8
    source.there.clear()

    assert await asyncio.gather(*(answers.get("a") for _ in range(10))) == [1] * 10
    await asyncio.sleep(0.01)
    assert source.asked == [["a"], ["a"]]
    source.there.set()
    await asyncio.sleep(0.01)
    assert await answers.get("a") == 2
    clock.now += SECONDS
    assert await answers.get("a") == 3


async def test_an_answer_that_cannot_be_renewed_is_given_for_its_time_alone(clock: FakeClock) -> None:
    """Who asks then is told."""
    source = Source()
    answers = RefreshAheadCache(source.one, SECONDS)
    await answers.get("a")
    clock.now += SECONDS * 0.8
    source.broken = True
    assert await answers.get("a") == 1
    await asyncio.sleep(0.01)
    assert await answers.get("a") == 1
    await asyncio.sleep(0.01)
    clock.now += SECONDS * 0.2
    with pytest.raises(StoreUnavailable):
        await answers.get("a")


async def test_an_answer_that_came_late_does_not_replace_a_newer_one(clock: FakeClock) -> None:
    """Who is asked for anew while a renewal hangs is not what the renewal says in the end."""
    source = Source()
    answers = RefreshAheadCache(source.one, SECONDS)
    await answers.get("a")
    clock.now += SECONDS * 0.8
    hung, source.there = source.there, asyncio.Event()
    await answers.get("a")
    await asyncio.sleep(0.01)
    clock.now += SECONDS * 0.3
    source.there, hung = hung, source.there
    assert await answers.get("a") == 3
    hung.set()
    await asyncio.sleep(0.01)
    assert await answers.get("a") == 3
