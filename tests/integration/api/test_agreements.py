"""Subscriptions and contracts as they are served."""

from datetime import UTC, datetime, timedelta

from tests.integration.api.full_visit import ITEM, NOW, PDF, USD, a_visit_with_all_there_is, window
from tests.integration.api.harness import ApiClient, ApiHarness


async def test_a_subscription_comes_with_its_appointments(desk: ApiHarness, reader: ApiClient) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", window=window(NOW + timedelta(days=1)), subscription_id="s1")
    await desk.say("visit.booked", "v3", window=window(NOW), subscription_id="s1")
    await desk.say("visit.booked", "v4", window=window(NOW), subscription_id="s2")
    await desk.say("visit.booked", "v5", window=window(NOW - timedelta(days=1)), subscription_id="s1")

    found = await reader.get("subscriptions/s1")

    assert [one["id"] for one in found.pop("upcoming")] == ["v3", "v2"]
    assert found == {
        "id": "s1",
        "status": "active",
        "plan": "Weekly pool",
        "price": {"amount": 12000, **USD},
        "interval": "month",
        "current_period": {"start": "2026-01-01", "end": "2026-01-31"},
        "resumes_on": None,
        "ends_on": None,
        "next_visit_id": "v3",
        "items": [{"id": "a", "name": "Visit", "quantity": 4, "unit_amount": {"amount": 3000, **USD}}],
        "contract_id": "c1",
    }


async def test_plans_of_very_long_names_are_listed_in_parts(desk: ApiHarness, reader: ApiClient) -> None:
    """A plan's name is its place in the list, and far longer than an address may be; they differ at their ends."""
    ends = ["c", "a", "b", "a", "\0"]
    for number, end in enumerate(ends):
        plan = {"id": "pl", "name": "池" * 19_999 + end}
        await desk.say("subscription.started", f"s{number}", plan=plan)
    await desk.say("subscription.started", "s5", plan={"id": "pl", "name": "池"})

    for limit in (1, 2, 4):
        assert [one["id"] for one in await reader.walk("subscriptions", limit)] == [
            "s5",
            "s4",
            "s1",
            "s3",
            "s2",
            "s0",
        ]
    cursor = (await reader.get("subscriptions", limit=3))["next"]
    assert len(cursor) < 2_000
    await desk.say("subscription.cancelled", "s1")
    assert [one["id"] for one in (await reader.get("subscriptions", cursor=cursor))["items"]] == [
        "s3",
        "s2",
        "s0",
    ]


async def test_a_contract_comes_with_its_terms_and_visits(desk: ApiHarness, reader: ApiClient) -> None:
    await a_visit_with_all_there_is(desk)
    await desk.say("visit.booked", "v2", window=window(NOW), contract_id="c1")
    await desk.say("visit.booked", "v3", window=window(NOW - timedelta(days=1)), contract_id="c1")

    found = await reader.get("contracts/c1")

    (listed,) = await reader.walk("contracts")
    assert found == listed | {
        "services": [{"name": "Pool cleaning", "cadence": "weekly"}],
        "terms": {"url": "/blue/media/contracts/c1/terms", **PDF},
        "signed_by": "Ada Field",
        "on_time_grace_minutes": 15,
        "visits": [ITEM],
        "upcoming": [found["upcoming"][0]],
    }
    assert [one["id"] for one in found["upcoming"]] == ["v2"]


async def test_a_contract_is_expired_from_the_day_after_its_end_at_the_business(
    desk: ApiHarness, reader: ApiClient
) -> None:
    await desk.say("contract.signed", "c1", ends_on="2026-01-10")
    for moment, status in ((datetime(2026, 1, 11, 6, 59, tzinfo=UTC), "active"), (NOW, "active")):
        desk.now = moment
        assert (await reader.get("contracts/c1"))["status"] == status
    desk.now = datetime(2026, 1, 11, 7, tzinfo=UTC)
    assert (await reader.get("contracts/c1"))["status"] == "expired"
    assert [one["status"] for one in await reader.walk("contracts")] == ["expired"]


async def test_what_comes_next_is_found_behind_any_number_of_visits_without_an_update(
    desk: ApiHarness, reader: ApiClient
) -> None:
    """A subscription and a contract keep their 30 soonest open visits; here these all await an update."""
    await desk.say("contract.signed", "c1")
    await desk.say("subscription.started", "s1")
    await desk.say("subscription.started", "s0")
    log = [
        desk.event(
            "visit.booked",
            f"v{day:02}",
            window=window(NOW + timedelta(days=day - 40)),
            contract_id="c1",
            subscription_id="s1",
        )
        for day in range(55)
    ]
    await desk.publish(log)

    ten = [f"v{day}" for day in range(40, 50)]
    subscription = await reader.get("subscriptions/s1")
    assert [one["id"] for one in subscription["upcoming"]] == ten
    assert subscription["next_visit_id"] == "v40"
    assert [one["id"] for one in (await reader.get("contracts/c1"))["upcoming"]] == ten
    assert [(one["id"], one["next_visit_id"]) for one in await reader.walk("subscriptions")] == [
        ("s0", None),
        ("s1", "v40"),
    ]
    assert sum(one["awaiting"] for one in await reader.walk("appointments", 10)) == 40
