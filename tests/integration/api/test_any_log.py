"""Lists over random logs: what joins over all events give, and whole while events come."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping
from contextlib import suppress
from random import Random
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from local_stack.stack import Stack
from tests.integration.api.harness import ApiClient, ApiHarness, Json
from tests.support.log_permutations import interleaved, repeated
from tests.support.oracle import Facts, contracts, invoices, past, payments, portal, subscriptions, visits
from tests.support.random_events import NOW, Log
from tests.support.random_logs import histories

KEYS: Mapping[str, Callable[[Json], Any]] = {
    "appointments": lambda one: one["window"]["start"],
    "visits": lambda one: one["window"]["start"],
    "invoices": lambda one: one["issued_on"],
    "payments": lambda one: one["at"],
    "subscriptions": lambda one: one["plan"],
    "contracts": lambda one: one["starts_on"],
}
"""By list: what an item's place goes by."""

BUSINESS, SLUG = "biz_1", "biz-1"


@settings(
    max_examples=3,
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(log=histories(), random=st.randoms(use_true_random=True))
def test_lists_are_what_joins_give_and_are_walked_whole_while_events_come(
    stack: Stack, log: Log, random: Random
) -> None:
    """By parts of one or two items, in any legal order of the log, in pieces of any size."""
    asyncio.run(_walked(stack, interleaved(repeated(log, random, 0.1), random), random))


async def _walked(stack: Stack, log: Log, random: Random) -> None:
    first = [event for event in log if "customerid" not in event]
    rest = [event for event in log if "customerid" in event]
    owners = sorted({event["customerid"] for event in rest})
    async with ApiHarness(stack.env, NOW) as desk:
        await desk.publish(first)
        half = len(rest) // 2
        await desk.publish(rest[:half])
        readers = {owner: reader for owner in owners if (reader := await _signed_in(desk, owner))}
        before = {owner: await _lists(reader) for owner, reader in readers.items()}
        walks = {
            (owner, path): _parts(reader, path, random.choice((1, 2)))
            for owner, reader in readers.items()
            for path in KEYS
        }
        seen: dict[tuple[str, str], list[Json]] = {name: [] for name in walks}
        left = rest[half:]
        while left or walks:
            size = random.randrange(1, 6)
            await desk.publish(left[:size])
            left = left[size:]
            for name in list(walks):
                try:
                    seen[name] += await anext(walks[name])
                except StopAsyncIteration:
                    del walks[name]
            for reader in readers.values():
                await _figures_agree(reader)
        for owner in owners:
            facts = Facts(log, BUSINESS, owner, NOW)
            if portal(facts) is None:
                continue
            after = await _lists(await desk.reader(BUSINESS, owner, SLUG))
            assert {path: [one["id"] for one in items] for path, items in after.items()} == _joined(facts)
            for path, key in KEYS.items() if owner in readers else ():
                _was_whole(seen[owner, path], before[owner][path], after[path], key)


async def _signed_in(desk: ApiHarness, owner: str) -> ApiClient | None:
    """A customer's reader; None where the customer is not registered by now, or not any more."""
    with suppress(KeyError, ValueError):
        return await desk.reader(BUSINESS, owner, SLUG)
    return None


async def _lists(reader: ApiClient) -> dict[str, list[Json]]:
    return {path: await reader.walk(path, 3) for path in KEYS}


async def _parts(reader: ApiClient, path: str, limit: int) -> AsyncIterator[list[Json]]:
    """A list part by part; it ends where the customer is erased meanwhile."""
    cursor: dict[str, str] = {}
    while True:
        answer = await reader.ask(path, limit=limit, **cursor)
        if answer.status_code == 401:
            return
        part = answer.json()
        yield part["items"]
        if part["next"] is None:
            return
        cursor = {"cursor": part["next"]}


async def _figures_agree(reader: ApiClient) -> None:
    """Every figure of every contract is the number of its list."""
    answer = await reader.ask("contracts", limit=100)
    for contract in answer.json()["items"] if answer.status_code == 200 else ():
        for figure in ("due", "completed", "on_time", "with_proof"):
            behind = await reader.walk(f"contracts/{contract['id']}/visits", counted=figure)
            assert len(behind) == contract["health"][figure], figure


def _joined(facts: Facts) -> dict[str, list[str]]:
    """The ids of every list, by joins."""
    is_open = [one for one in visits(facts) if one["status"] in ("scheduled", "on_the_way", "in_progress")]
    is_open.sort(key=lambda one: (one["starts"], one["id"]))
    found = {
        "appointments": is_open,
        "visits": past(facts),
        "invoices": invoices(facts),
        "payments": payments(facts),
        "subscriptions": subscriptions(facts),
        "contracts": contracts(facts),
    }
    return {path: [one["id"] for one in items] for path, items in found.items()}


def _was_whole(seen: list[Json], before: list[Json], after: list[Json], key: Callable[[Json], Any]) -> None:
    """A walk saw once what stood at one place from its beginning to its end, and nothing twice at one place."""
    places = [(one["id"], key(one)) for one in seen]
    assert len(places) == len(set(places))
    stayed = {(one["id"], key(one)) for one in before} & {(one["id"], key(one)) for one in after}
    assert after == [] or stayed <= set(places)
