"""Rebuilt, promoted, rolled back, promoted again, again and again, while events come and customers look."""

import asyncio
import json
import time
from datetime import UTC, datetime

from bench.portal_client import PortalClient, sign_in
from bench.publishing import BenchPublisher
from bench.sample_log import WEEK, Json, begin, business, technician, week
from events.topics import Topics
from tests.harness.portal_installation import Installation, Installations
from tests.integration.harness.live_worker import expected, four_lanes
from tests.integration.rebuild.harness import caught_up, command, documents, views
from tests.support.soak import of_run

CYCLES = of_run(soak=10, check=1)
EVENTS_A_SECOND = 300
READS_A_SECOND = 200
CUSTOMERS = 8
BUSINESS, SLUG = "biz_load", "biz-load"


class Load:
    """Events at a rate, each of which every one who looks later has to see."""

    def __init__(self, one: Installation) -> None:
        self.said: list[Json] = []
        self._one = one
        self._number = 0

    def history(self, now: datetime) -> list[Json]:
        """Each customer has an appointment to come, whose technician changes again and again, at first Sam."""
        events = [business(BUSINESS, now)]
        for number in range(CUSTOMERS):
            events += begin(BUSINESS, f"cus_{number}", now)
            events.append(next(week(BUSINESS, f"cus_{number}", 0, now + WEEK)))
        return events

    async def run(self, publisher: BenchPublisher) -> None:
        """Publishes until cancelled."""
        begun = time.monotonic()
        while True:
            while self._number < (time.monotonic() - begun) * EVENTS_A_SECOND:
                self._number += 1
                turn, customer = divmod(self._number, CUSTOMERS)
                event = technician(
                    BUSINESS, f"cus_{customer}", 0, turn + 2, datetime.now(UTC), f"Turn {turn:09}"
                )
                self.said.append(event)
                await publisher.send(event)
            await asyncio.sleep(0.01)


async def look(visitor: PortalClient) -> None:
    """Looks until cancelled; fails when an answer is none, or older than the one before."""
    seen, as_of, pause = "", "", CUSTOMERS / READS_A_SECOND
    while True:
        begun = time.monotonic()
        dashboard = json.loads(await visitor.dashboard())
        assert dashboard["upcoming"][0]["technician"] >= seen
        assert dashboard["as_of"] >= as_of
        seen, as_of = dashboard["upcoming"][0]["technician"], dashboard["as_of"]
        await asyncio.sleep(max(0.0, pause - (time.monotonic() - begun)))


async def test_no_request_fails_and_no_answer_goes_back_in_time(installation: Installations) -> None:
    one = await four_lanes(installation)
    one.start("project")
    one.start("serve")
    load = Load(one)
    topics = Topics(one.env["PORTAL_TOPIC_PREFIX"], 4)
    async with BenchPublisher(one.env["PORTAL_KAFKA_BOOTSTRAP"], topics) as publisher:
        history = load.history(datetime.now(UTC))
        await publisher.send_all(history)
        await caught_up(one, len(history))
        await one.answers("/-/health/ready")
        url, mail = one.env["PORTAL_PUBLIC_URL"], one.env["LOCAL_MAIL_API"]
        visitors = [await sign_in(url, mail, SLUG, f"cus_{number}@mail.test") for number in range(CUSTOMERS)]
        for visitor in visitors:
            await visitor.__aenter__()
        working = [asyncio.create_task(load.run(publisher))]
        working += [asyncio.create_task(look(visitor)) for visitor in visitors]
        for cycle in range(CYCLES):
            await command(one, "rebuild", "--workers", "1")
            for arguments in (("promote",), ("rollback",), ("promote",)):
                await command(one, *arguments)
            await command(one, "verify")
            [pointer] = await documents(one, "pointers")
            assert (pointer["served"], pointer["standby"]) == (cycle + 2, cycle + 1)
            assert not any(task.done() for task in working), [t.exception() for t in working if t.done()]
        for task in working:
            task.cancel()
        ended = await asyncio.gather(*working, return_exceptions=True)
        assert {type(one) for one in ended} == {asyncio.CancelledError}
        for visitor in visitors:
            await visitor.__aexit__(None, None, None)
    said = [json.dumps(event).encode() for event in (*history, *load.said)]
    await caught_up(one, len(said))
    whole = expected(said)
    assert await views(one, CYCLES + 1) == await views(one, CYCLES) == whole
