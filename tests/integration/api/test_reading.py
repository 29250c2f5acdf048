"""What holds for all lists and details: how they are walked, and what the server is asked for them."""

import asyncio
from datetime import timedelta
from typing import Any

from jsonschema import Draft202012Validator

from read_models.indexed_lists import ListQuery, for_customer
from tests.integration.api.full_visit import NOW, a_visit_with_all_there_is, window
from tests.integration.api.harness import ApiClient, ApiHarness, Json


async def test_a_walk_neither_skips_nor_repeats_while_new_ones_arrive(
    desk: ApiHarness, reader: ApiClient
) -> None:
    """Between two parts something arrives before, between and behind what was read, and beside what has its key."""
    days = [NOW - timedelta(days=day) for day in range(12)]
    for number, day in enumerate(days):
        for twin in "ab":
            await desk.say("visit.booked", f"v{number:02}{twin}", window=window(day))
            await desk.say("visit.completed", f"v{number:02}{twin}")
            await desk.say("invoice.issued", f"i{number:02}{twin}", issued_on=f"{day:%Y-%m-%d}")

    for kind in ("visits", "invoices"):
        before = [one["id"] for one in await reader.walk(kind)]
        seen: list[str] = []
        cursor: Json = {}
        for step in range(99):
            part = await reader.get(kind, limit=5, **cursor)
            seen += [one["id"] for one in part["items"]]
            if part["next"] is None:
                break
            cursor = {"cursor": part["next"]}
            for number in (0, 6, 11):
                name = f"{kind[0]}{number:02}{step}"
                await desk.say("visit.booked", name, window=window(days[number]))
                await desk.say("visit.cancelled", name)
                await desk.say("invoice.issued", name, issued_on=f"{days[number]:%Y-%m-%d}")
        assert len(seen) == len(set(seen))
        assert [one for one in seen if one in before] == before


PATHS: dict[str, dict[str, Any]] = {
    "appointments": {},
    "visits": {"status": ["missed", "completed"]},
    "visits/v1": {},
    "visits/v1/proof": {},
    "invoices": {"status": "open"},
    "invoices/i1": {},
    "payments": {},
    "subscriptions": {},
    "subscriptions/s1": {},
    "contracts": {},
    "contracts/c1": {},
    "contracts/c1/visits": {"counted": "on_time", "month": "2026-01"},
    "activity": {},
}


OF_NO_PAGE = {"business", "session", "sessions", "calendar", "export"}
"""They read records, or what tenancy has read; the export reads all there is, part by part."""


async def test_every_answer_is_one_document_or_one_index_range_and_then_those_it_names(
    desk: ApiHarness, reader: ApiClient
) -> None:
    """As the server tells it: at most two questions, each answered by an index and in its order."""
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", contract_id="c1", subscription_id="s1", window=window(NOW))
    everything = PATHS | {"portal": {}, "visits/v1/calendar.ics": {}}
    described = {
        path.removeprefix("/{slug}/api/") for path, of in desk.described()["paths"].items() if "get" in of
    }
    assert {generic(path) for path in everything} == {
        path for path in described if not path.startswith("/-/")
    } - OF_NO_PAGE
    for path, query in everything.items():
        asked = await questions(desk, reader, path, **query)
        # Home is the customer's document, which the session was looked up with.
        assert (path != "portal") <= len(asked) <= 2, (path, asked)
        for one in asked:
            assert one["command"].keys() & {"aggregate", "find"} == {"find"}, (path, one)
            assert one["planSummary"].startswith("IXSCAN"), (path, one)
            assert not one.get("hasSortStage"), (path, one)
            assert one["docsExamined"] == one["nreturned"], (path, one)


async def test_every_answer_says_what_its_schema_says_and_no_more(
    desk: ApiHarness, reader: ApiClient
) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", contract_id="c1", subscription_id="s1", window=window(NOW))
    described = desk.described()
    components = described["components"]["schemas"]
    for schema in components.values():
        if "properties" in schema:
            schema["additionalProperties"] = False
    for path, query in {**PATHS, "visits/v2": {}}.items():
        template = described["paths"][f"/{{slug}}/api/{generic(path)}"]
        shape = template["get"]["responses"]["200"]["content"]["application/json"]["schema"]
        validator = Draft202012Validator(shape | {"components": {"schemas": components}})
        validator.validate(await reader.get(path, **query))


def generic(path: str) -> str:
    """A path as the description has it: `visits/v1/proof` is `visits/{visit_id}/proof`."""
    kind, *rest = path.split("/")
    return "/".join([kind, *([f"{{{kind[:-1]}_id}}", *rest[1:]] if rest else [])])


async def test_of_the_visits_behind_a_figure_only_those_about_the_month_are_read(
    desk: ApiHarness, reader: ApiClient
) -> None:
    await desk.say("contract.signed", "c1")
    for week in range(60):
        opens = NOW - timedelta(weeks=week)
        await desk.say("visit.booked", f"v{week:02}", window=window(opens), contract_id="c1")
        outcome = "missed" if week % 3 == 0 else "completed"
        await desk.say(f"visit.{outcome}", f"v{week:02}")

    whole = await reader.walk("contracts/c1/visits", month="2025-06")
    _, asked = await questions(desk, reader, "contracts/c1/visits", month="2025-06")
    assert [one["window"]["start"][:7] for one in whole] == ["2025-06"] * 4
    assert asked["docsExamined"] <= 6

    _, asked = await questions(desk, reader, "contracts/c1/visits", month="2025-06", counted="missed")
    assert asked["docsExamined"] <= 2


async def test_who_reads_the_same_list_at_the_same_time_shares_its_query(desk: ApiHarness) -> None:
    """And who reads another one has a query of its own, beside it."""
    await desk.say("invoice.issued", "i1")
    await desk.store.control.refresh()
    own = for_customer("biz_1", "cus_1")
    invoices, payments = ListQuery("invoices", own, 10), ListQuery("payments", own, 10)
    database = desk.store.database
    await database.command("profile", 2)

    read = await asyncio.gather(*(desk.store.range(one) for one in [invoices, payments] * 10))

    await database.command("profile", 0)
    assert [[one["id"] for one in found] for found in read] == [["i1"], []] * 10
    of_views = {"ns": f"{database.name}.views_1", "op": "query"}
    assert await database["system.profile"].count_documents(of_views) == 2


async def questions(desk: ApiHarness, reader: ApiClient, path: str, **query: Any) -> list[Json]:
    """What the server was asked of the views for an answer, as its profiler tells it."""
    database = desk.store.database
    await database["system.profile"].drop()
    await database.command("profile", 2)
    assert (await reader.ask(path, **query)).status_code == 200
    await database.command("profile", 0)
    of_views = database["system.profile"].find({"ns": f"{database.name}.views_1"})
    asked: list[Json] = await of_views.to_list(None)
    return [one for one in asked if not of_the_session(one["command"]["filter"])]


def of_the_session(chosen: Json) -> bool:
    """Whether a question is the one for the business, or the one for the customer that a session belongs to."""
    return "slug" in chosen or chosen.get("_id") == {"$in": ["biz_1/cus_1"]}
