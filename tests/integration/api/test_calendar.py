"""Appointments in people's own calendars: the file of one, and the feed under its secret address."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta
from typing import Any

import httpx
import pytest
from icalendar import Calendar

from local_stack.stack import Stack
from query_api.app import create_app
from query_api.sign_in.codes import new_id
from tests.integration.api.full_visit import ADDRESS, NOW, a_visit_with_all_there_is, window
from tests.integration.api.harness import ApiClient, ApiHarness
from tests.integration.harness.customer_surface import URL, Browser, clear_tenant_cache, running

OLD, NEW = "the key of the year before last", "the key of this year that is new"


@pytest.fixture
async def desk(stack: Stack) -> AsyncIterator[ApiHarness]:
    one = ApiHarness(stack.env, NOW)
    one._config = replace(one._config, secret_keys=(OLD,))
    async with one:
        await one.say("business.registered", stripe_account_id="acct_1")
        await one.say("customer.registered")
        yield one


async def address(reader: ApiClient) -> str:
    """The address of somebody's feed."""
    url: str = (await reader.get("calendar"))["url"]
    return url


async def renewed(reader: ApiClient) -> str:
    """A new address of somebody's feed."""
    answer = await reader._browser.post(f"{reader._root}calendar")
    assert answer.status_code == 201, answer.text
    url: str = answer.json()["url"]
    return url


async def fetched(desk: ApiHarness, url: str, **headers: str) -> httpx.Response:
    """What an address answers to somebody who is not signed in."""
    return await Browser(desk._app).get(url, headers=headers)


async def entries(desk: ApiHarness, url: str) -> dict[str, Any]:
    """The entries of a feed, by visit."""
    answer = await fetched(desk, url)
    assert answer.status_code == 200, answer.text
    return {entry.uid.partition("@")[0]: entry for entry in Calendar.from_ical(answer.content).events}


async def test_an_appointment_is_a_file_of_its_own(desk: ApiHarness, reader: ApiClient) -> None:
    await desk.say("visit.booked", "v1", window=window(NOW + timedelta(days=1)), address=ADDRESS)

    answer = await reader.ask("visits/v1/calendar.ics")

    (entry,) = Calendar.from_ical(answer.content).events
    assert answer.headers["content-type"] == "text/calendar; charset=utf-8"
    assert answer.headers["content-disposition"] == 'inline; filename="v1.ics"'
    assert b"DTSTART;TZID=America/Phoenix:20260111T050000" in answer.content
    assert entry["LOCATION"] == "1 Road, Phoenix, 85001, US"
    again = await reader._browser.get(answer.url, headers={"If-None-Match": answer.headers["etag"]})
    assert again.status_code == 304


async def test_a_file_is_its_customers_alone(desk: ApiHarness, reader: ApiClient) -> None:
    await desk.say("visit.booked", "v1")
    await desk.say("customer.registered", customer="cus_2", emails=["bob@mail.test"])
    await desk.say("visit.booked", "v2", customer="cus_2")

    foreign, unknown = [await reader.ask(f"visits/{name}/calendar.ics") for name in ("v2", "v3")]

    assert (foreign.status_code, foreign.json()) == (404, unknown.json())
    assert (await desk.stranger("blue").ask("visits/v1/calendar.ics")).status_code == 401
    assert (await desk.stranger("blue").ask("calendar")).status_code == 401


async def test_a_feed_holds_what_is_to_come_and_what_was_called_off_of_late(
    desk: ApiHarness, reader: ApiClient
) -> None:
    hours = {
        "under_way": -3,
        "passed": -3,
        "next": 2,
        "later": 900,
        "done": 3,
        "off": 40,
        "failed": -30,
        "old": -200,
    }
    for name, hour in hours.items():
        await desk.say("visit.booked", name, window=window(NOW + timedelta(hours=hour)))
    await desk.say("visit.dispatched", "under_way")
    await desk.say("visit.completed", "done")
    await desk.say("visit.cancelled", "off")
    await desk.say("visit.missed", "failed")
    await desk.say("visit.cancelled", "old")

    shown = await entries(desk, await address(reader))

    assert {name: str(entry.status) for name, entry in shown.items()} == {
        "under_way": "CONFIRMED",
        "next": "CONFIRMED",
        "later": "CONFIRMED",
        "off": "CANCELLED",
        "failed": "CANCELLED",
    }


async def test_updates_and_cancellations_reach_the_calendar(desk: ApiHarness, reader: ApiClient) -> None:
    url = await address(reader)
    await desk.say("visit.booked", "v1", window=window(NOW + timedelta(days=1)))
    booked = (await entries(desk, url))["v1"]
    await desk.say("visit.rescheduled", "v1", window=window(NOW + timedelta(days=2)))
    moved = (await entries(desk, url))["v1"]
    await desk.say("visit.cancelled", "v1")
    cancelled = (await entries(desk, url))["v1"]

    assert booked.uid == moved.uid == cancelled.uid
    assert booked.sequence < moved.sequence < cancelled.sequence
    assert moved.start - booked.start == timedelta(days=1)
    assert cancelled.status == "CANCELLED"


async def test_a_feed_names_its_business_and_lives_until_something_changes(
    desk: ApiHarness, reader: ApiClient
) -> None:
    await desk.say("visit.booked", "v1", window=window(NOW + timedelta(days=1)))
    url = await address(reader)
    first = await fetched(desk, url)

    calendar = Calendar.from_ical(first.content)
    assert calendar["X-WR-CALNAME"] == "Blue Pools"
    assert b"REFRESH-INTERVAL;VALUE=DURATION:PT1H\r\n" in first.content
    assert b"X-PUBLISHED-TTL:PT1H\r\n" in first.content
    assert first.headers["cache-control"] == "private, no-cache"
    desk.now += timedelta(hours=1)
    tag = first.headers["etag"]
    assert (await fetched(desk, url, **{"If-None-Match": tag})).status_code == 304
    await desk.say("visit.technician_assigned", "v1", technician={"id": "t1", "name": "Sam"})
    assert (await fetched(desk, url, **{"If-None-Match": tag})).status_code == 200


async def test_a_new_address_makes_the_old_one_dead(desk: ApiHarness, reader: ApiClient) -> None:
    first = await address(reader)
    assert first.startswith(f"{URL}/blue/calendar/")
    assert await address(reader) == first

    second = await renewed(reader)

    assert second != first
    assert await address(reader) == second
    assert [(await fetched(desk, url)).status_code for url in (first, second)] == [404, 200]


async def test_an_address_is_not_to_be_found_in_the_database(desk: ApiHarness, reader: ApiClient) -> None:
    """A nonce is, which opens nothing without the service's keys."""
    url = await address(reader)
    (kept,) = await desk.store.database["calendars"].find().to_list(None)

    assert kept.keys() == {"_id", "business", "customer", "nonce"}
    secret = url.rpartition("/")[2].removesuffix(".ics")
    assert secret not in str(kept)
    nonce = kept["nonce"]
    for guess in (nonce, nonce + "0" * 64, nonce + secret[32:-1], secret.upper(), new_id() + secret[32:]):
        assert (await fetched(desk, f"/blue/calendar/{guess}.ics")).status_code == 404
    for wrong in (secret, f"{secret}.ics.ics", f"{secret}.txt", "%C3%A9" * 48 + ".ics"):
        assert (await fetched(desk, f"/blue/calendar/{wrong}")).status_code == 404


async def test_an_address_outlives_the_key_it_was_made_with(desk: ApiHarness, reader: ApiClient) -> None:
    """As long as the key is kept behind the new one; without it, the address is dead."""
    made = await address(reader)
    for keys, status in (((NEW, OLD), 200), ((NEW,), 404), ((), 404)):
        app = create_app(replace(desk._config, secret_keys=keys), lambda: desk.now)
        async with running(app):
            assert (await Browser(app).get(made)).status_code == status


async def test_without_keys_there_are_no_feeds(desk: ApiHarness, reader: ApiClient) -> None:
    app = create_app(replace(desk._config, secret_keys=()), lambda: desk.now)
    async with running(app):
        cookie = {"Cookie": reader._browser.headers["Cookie"]}
        answer = await Browser(app).get("/blue/api/calendar", headers=cookie)

    assert answer.status_code == 503
    assert "Calendar feeds" in answer.json()["detail"]


async def test_an_address_is_of_one_business_on_its_own_host_if_it_has_one(
    desk: ApiHarness, reader: ApiClient
) -> None:
    event = desk.event("business.registered", name="Red", slug="red")
    other = event | {"businessid": "biz_2", "subject": "biz_2", "partitionkey": "biz_2", "sequence": "1"}
    await desk.publish([other])
    await desk.say("business.rebranded", portal_host="portal.blue.test")

    url = await address(reader)

    assert url.startswith("https://portal.blue.test/blue/calendar/")
    assert (await fetched(desk, url)).status_code == 200
    secret = url.rpartition("/")[2]
    answers = [await fetched(desk, f"{URL}/{slug}/calendar/{secret}") for slug in ("blue", "red")]
    assert [answer.status_code for answer in answers] == [200, 404]


@pytest.mark.parametrize("end", ["customer.erased", "business.closed"])
async def test_with_the_customer_or_the_business_the_feed_is_gone(
    desk: ApiHarness, reader: ApiClient, end: str
) -> None:
    url = await address(reader)
    assert (await fetched(desk, url)).status_code == 200

    await desk.say(end)
    clear_tenant_cache(desk._app)

    assert (await fetched(desk, url)).status_code == 404


async def test_a_feed_is_two_questions_answered_by_an_index(desk: ApiHarness, reader: ApiClient) -> None:
    await a_visit_with_all_there_is(desk)
    for number in range(20):
        await desk.say("visit.booked", f"x{number}", window=window(NOW - timedelta(days=number)))
        await desk.say("visit.cancelled", f"x{number}")
    url = await address(reader)
    database = desk.store.database
    await database.command("profile", 2)
    await fetched(desk, url)
    await database.command("profile", 0)

    profiled: list[dict[str, Any]] = await database["system.profile"].find().to_list(None)
    asked = [
        one
        for one in profiled
        if one["ns"].endswith(".views_1") and {"up.list", "down.list"} & one["command"]["filter"].keys()
    ]
    assert len(asked) == 2
    for one in asked:
        assert one["planSummary"].startswith("IXSCAN")
        assert not one.get("hasSortStage")
        assert one["docsExamined"] == one["nreturned"]
    (nonce,) = [one for one in profiled if one["ns"].endswith(".calendars")]
    assert nonce["docsExamined"] == 1
