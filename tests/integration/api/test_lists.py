"""Every list of the API over the sample log: what its customers must see, whatever the parts they ask for."""

from collections.abc import AsyncIterator
from datetime import datetime, timedelta
from pathlib import Path

import orjson
import pytest

from local_stack.stack import Stack
from tests.integration.api.harness import ApiClient, ApiHarness, Json
from tests.support.oracle import Facts, activity, contracts, invoices, past, payments, subscriptions, visits
from tests.support.oracle.contracts import late, month_of

SAMPLE = Path(__file__).parents[2] / "samples" / "two-businesses.jsonl"
LOG: list[Json] = [orjson.loads(line) for line in SAMPLE.read_bytes().splitlines()]
EXPECTED: Json = orjson.loads(SAMPLE.with_suffix(".expected.json").read_bytes())
CUSTOMERS: Json = EXPECTED["customers"]
NOW = datetime.fromisoformat(EXPECTED["now"])
LISTS = ("appointments", "visits", "invoices", "payments", "subscriptions", "contracts")
FILTERS = {"visits": ("completed", "missed", "cancelled"), "invoices": ("open", "paid", "void")}
EVERY = pytest.mark.parametrize("owner", CUSTOMERS)


@pytest.fixture(scope="module")
async def desk(stack: Stack) -> AsyncIterator[ApiHarness]:
    async with ApiHarness(stack.env, NOW) as one:
        await one.publish(LOG)
        yield one


@pytest.fixture
async def reader(desk: ApiHarness, owner: str) -> ApiClient:
    business, _, customer = owner.partition("/")
    return await desk.reader(business, customer, CUSTOMERS[owner]["slug"])


@pytest.fixture
def facts(owner: str) -> Facts:
    business, _, customer = owner.partition("/")
    return Facts(LOG, business, customer, NOW)


def ids(items: list[Json]) -> list[str]:
    return [item["id"] for item in items]


def fits(item: Json, expected: Json) -> bool:
    """Whether an item says what is expected; of what is expected some is not served."""
    return {name: expected[name] for name in item if name in expected} == {
        name: item[name] for name in item if name in expected
    }


@EVERY
async def test_lists_are_what_was_published_with_the_log(reader: ApiClient, owner: str) -> None:
    published = CUSTOMERS[owner]

    assert [[one["id"], one["status"]] for one in await reader.walk("visits")] == published["past"]
    assert await reader.walk("contracts") == published["contracts"]
    assert {one["id"]: one for one in await reader.walk("invoices")} == published["invoices"]
    assert {one["id"]: one["status"] for one in await reader.walk("payments")} == published["payments"]


@EVERY
async def test_lists_are_what_joins_over_the_log_give(reader: ApiClient, facts: Facts) -> None:
    for path, expected in (
        ("visits", past(facts)),
        ("invoices", invoices(facts)),
        ("payments", payments(facts)),
        ("subscriptions", subscriptions(facts)),
        ("contracts", contracts(facts)),
    ):
        found = await reader.walk(path)
        assert ids(found) == ids(expected), path
        assert all(map(fits, found, expected)), path


@EVERY
async def test_appointments_are_all_without_an_outcome_and_say_which_await_an_update(
    reader: ApiClient, facts: Facts
) -> None:
    is_open = [one for one in visits(facts) if one["status"] in ("scheduled", "on_the_way", "in_progress")]
    expected = sorted(is_open, key=lambda one: (one["starts"], one["id"]))

    found = await reader.walk("appointments")

    assert ids(found) == ids(expected)
    assert [one["awaiting"] for one in found] == [
        one["status"] == "scheduled" and one["window"]["end"] < facts.now for one in expected
    ]


@EVERY
@pytest.mark.parametrize("limit", [1, 2, 7])
async def test_the_parts_of_a_list_are_the_list(reader: ApiClient, limit: int) -> None:
    for path in (*LISTS, "activity"):
        assert await reader.walk(path, limit) == await reader.walk(path), path
    assert len((await reader.get("activity", limit=limit))["items"]) == limit


@EVERY
async def test_a_filter_leaves_what_has_one_of_its_values(reader: ApiClient) -> None:
    for path, (one, two, three) in FILTERS.items():
        whole = await reader.walk(path)
        for wanted in ([one], [two], [three], [one, three], [two, two], [one, two, three]):
            left = [item for item in whole if item["status"] in wanted]
            assert await reader.walk(path, 2, status=wanted) == left, (path, wanted)


@EVERY
async def test_the_visits_behind_a_figure_are_as_many_as_it_says(reader: ApiClient, facts: Facts) -> None:
    contracts = await reader.walk("contracts")
    assert set(ids(contracts)) == facts.of("contract").keys()
    for contract in contracts:
        path = f"contracts/{contract['id']}/visits"
        for figures in (contract["health"], *contract["health"]["trend"]):
            of = {"month": figures["month"]} if "month" in figures else {}
            counted = {
                name: len(await reader.walk(path, counted=name, **of))
                for name in ("due", "completed", "on_time", "late", "untimed", "with_proof", "without_proof")
            }
            assert {name: figures[name] for name in counted if name in figures} == {
                name: counted[name] for name in counted if name in figures
            }
            assert counted["on_time"] + counted["late"] == figures["timed"]
            assert counted["on_time"] + counted["late"] + counted["untimed"] == figures["completed"]
            assert counted["with_proof"] + counted["without_proof"] == figures["completed"]
            missed = await reader.walk(path, counted="missed", **of)
            assert len(missed) == figures["due"] - figures["completed"]


@EVERY
async def test_the_visits_behind_a_figure_are_those_that_joins_give(reader: ApiClient, facts: Facts) -> None:
    contracts = await reader.walk("contracts")
    assert set(ids(contracts)) == facts.of("contract").keys()
    for contract in contracts:
        path = f"contracts/{contract['id']}/visits"
        detail = await reader.get(f"contracts/{contract['id']}")
        grace = timedelta(minutes=detail["on_time_grace_minutes"])
        mine = [one for one in past(facts) if one["contract_id"] == contract["id"]]
        due = [one for one in mine if one["status"] == "completed" or one["responsible"] == "business"]
        done = [one for one in mine if one["status"] == "completed"]
        timed = [one for one in done if one["arrived_at"]]
        behind = {
            "due": due,
            "completed": done,
            "on_time": [one for one in timed if late(one) <= grace],
            "late": [one for one in timed if late(one) > grace],
            "untimed": [one for one in done if not one["arrived_at"]],
            "with_proof": [one for one in done if one["has_proof"]],
            "without_proof": [one for one in done if not one["has_proof"]],
            "missed": [one for one in due if one["status"] != "completed"],
            "excluded": [one for one in mine if one not in due],
        }
        whole = await reader.walk(path)
        assert ids(whole) == ids(mine)
        assert [one["excluded_because"] for one in whole] == [
            None if one in due else one["responsible"] for one in mine
        ]
        for name, expected in behind.items():
            assert ids(await reader.walk(path, counted=name)) == ids(expected), name
            for month in {month_of(one) for one in mine}:
                of_month = [one for one in expected if month_of(one) == month]
                assert ids(await reader.walk(path, 1, counted=name, month=month)) == ids(of_month)
        either = [one for one in mine if one in behind["late"] or one in behind["excluded"]]
        assert ids(await reader.walk(path, counted=["late", "excluded"])) == ids(either)


@EVERY
async def test_activity_is_what_joins_over_the_log_give(reader: ApiClient, facts: Facts) -> None:
    found = (await reader.get("activity"))["items"]

    assert [(one["at"], one["what"]) for one in found] == [
        (one["at"], one["what"]) for one in activity(facts)
    ]
    assert all(one["title"] for one in found)


@EVERY
async def test_every_item_of_a_list_has_its_detail_which_renames_nothing(
    reader: ApiClient, owner: str
) -> None:
    for path in ("appointments", "visits", "invoices", "subscriptions", "contracts"):
        for item in await reader.walk(path):
            detail = await reader.get(f"{path.replace('appointments', 'visits')}/{item['id']}")
            assert {name: detail[name] for name in item} == item
    packs = {}
    for item in [*await reader.walk("visits"), *await reader.walk("appointments")]:
        pack = (await reader.get(f"visits/{item['id']}"))["proof"]
        alone = await reader.ask(f"visits/{item['id']}/proof")
        assert alone.status_code == (200 if pack else 404)
        if pack:
            assert alone.json() == pack
            packs[item["id"]] = len(pack["items"])
    assert packs == CUSTOMERS[owner]["proof"]


WRONG = {
    "limit": ("0", "101", "-1", "x", "", "1.5", "99999999999999999999"),
    "cursor": ("", "x", "AAAA", "W10", "WzEsMl0", "WyJhIiwiYiJd=", "WyJhIl0", "%ff", "é", "W" * 4000),
}


@pytest.mark.parametrize("owner", list(CUSTOMERS)[:1])
async def test_what_a_list_is_wrongly_asked_for_is_named(reader: ApiClient) -> None:
    (contract, *_) = await reader.walk("contracts")
    behind = f"contracts/{contract['id']}/visits"
    every = (*LISTS, behind, "activity", "sessions")
    cases = [(path, name, value) for path in every for name in WRONG for value in WRONG[name]]
    cases += [(path, "status", value) for path in FILTERS for value in ("", "overdue", "Completed")]
    cases += [(behind, "counted", value) for value in ("", "timed")]
    cases += [(behind, "month", value) for value in ("", "2026", "2026-13", "2026-1", "2026-01\n", "x")]
    cases += [(path, "colour", "blue") for path in every]
    cases += [("invoices", "month", "2026-01"), ("payments", "status", "failed")]
    for path, name, value in cases:
        answer = await reader.ask(path, **{name: value})
        assert answer.status_code == 400, (path, name, value)
        assert answer.headers["content-type"] == "application/problem+json"
        assert [error["key"] for error in answer.json()["errors"]] == [name], (path, name, value)


async def test_a_cursor_leads_on_in_its_own_list_alone(desk: ApiHarness) -> None:
    """Whatever its filters: they leave the order as it is."""
    reader = await desk.reader("biz_s0", "cus_0", "b-s-0")
    contracts = [contract["id"] for contract in await reader.walk("contracts")]
    paths = (*LISTS, "activity", "sessions", *(f"contracts/{one}/visits" for one in contracts))
    await desk.reader("biz_s0", "cus_0", "b-s-0")
    cursors = {path: (await reader.get(path, limit=1))["next"] for path in paths}
    assert sum(cursor is not None for cursor in cursors.values()) > len(LISTS)
    for given, cursor in cursors.items():
        for path in paths:
            if cursor is not None:
                answer = await reader.ask(path, cursor=cursor)
                assert answer.status_code == (200 if path == given else 400), (given, path)
                if path != given:
                    assert [error["key"] for error in answer.json()["errors"]] == ["cursor"]
    assert (await reader.ask("visits", cursor=cursors["visits"], status="missed")).status_code == 200


@pytest.mark.parametrize("owner", list(CUSTOMERS)[:1])
async def test_devices_come_in_parts_too(desk: ApiHarness, reader: ApiClient, owner: str) -> None:
    business, _, customer = owner.partition("/")
    for _ in range(3):
        await desk.reader(business, customer, CUSTOMERS[owner]["slug"])

    whole = await reader.walk("sessions")
    assert len(whole) >= 4
    assert await reader.walk("sessions", 1) == whole
    assert (await reader.get("sessions", limit=2))["items"] == whole[:2]


@pytest.mark.parametrize("owner", ["biz_s0/cus_0"])
async def test_what_belongs_to_somebody_else_is_answered_like_what_does_not_exist(
    desk: ApiHarness, reader: ApiClient
) -> None:
    neighbour = await desk.reader("biz_s0", "cus_2", "b-s-0")
    for kind in ("visits", "invoices", "subscriptions", "contracts"):
        missing = await reader.ask(f"{kind}/nothing")
        assert missing.status_code == 404
        theirs = [item["id"] for item in await neighbour.walk(kind)]
        mine = [item["id"] for item in await reader.walk(kind)]
        assert set(theirs) - set(mine)
        for subject in set(theirs) - set(mine):
            for path in (f"{kind}/{subject}", *([f"{kind}/{subject}/visits"] if kind == "contracts" else [])):
                answer = await reader.ask(path)
                assert (answer.status_code, answer.content) == (404, missing.content)


async def test_signed_out_or_with_another_business_session_everything_is_401(desk: ApiHarness) -> None:
    foreign = await desk.reader("biz_s1", "cus_0", "b-s-0")
    for somebody in (desk.stranger("b-s-0"), foreign):
        for path in (*LISTS, "activity", "visits/vis_0_1", "visits/vis_0_1/proof", "invoices/x"):
            assert (await somebody.ask(path)).status_code == 401, path
        assert (await somebody.ask("visits", limit="x")).status_code == 401
