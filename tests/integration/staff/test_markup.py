"""Markup in whatever operators are shown, from the log, from processes, from each other, is a text on their pages."""

from datetime import UTC, datetime
from urllib.parse import quote

import pytest
from aiokafka import AIOKafkaProducer

from read_models.store.operational import Notice
from tests.harness.portal_installation import Installation, Installations, until
from tests.integration.harness.live_worker import level
from tests.integration.security.test_injection import MARKUP, Seen
from tests.integration.staff.harness import EVE, StaffHarness

BARE = MARKUP.replace("/", "|")
"""As a part of a path."""

NOW = datetime(2026, 11, 24, tzinfo=UTC)


@pytest.fixture
async def one(installation: Installations) -> Installation:
    """An installation whose log holds records that are nothing but markup."""
    found = await installation(PORTAL_PARTITIONS="1")
    await found.create_topics()
    topic = f"{found.env['PORTAL_TOPIC_PREFIX']}visits"
    async with AIOKafkaProducer(bootstrap_servers=found.env["PORTAL_KAFKA_BOOTSTRAP"]) as producer:
        for key, value in (
            (f"{BARE}/{BARE}", MARKUP),
            ("biz_1/cus_1", f'{{"specversion": "1.0", "id": "{BARE}"'),
            (MARKUP, '{"specversion": "1.0", "data": {"<img src=x onerror=window.ran=2>": 1}}'),
        ):
            await producer.send_and_wait(
                topic, value.encode(), key.encode(), headers=[("x-" + MARKUP, MARKUP.encode())]
            )
    found.start("project")
    await level(found, 3)
    return found


async def test_nothing_that_operators_are_shown_runs(staff: StaffHarness) -> None:
    """Dead letters with their keys and headers, notices, processes, reasons, errors of rebuilds, the audit."""
    client, service = staff.client(EVE), staff.app.state.services.staff
    database, records = service.store.database, service.records
    await records.notices.put(Notice(MARKUP, MARKUP, MARKUP, NOW, MARKUP), None)
    await records.audit.note(MARKUP, MARKUP, MARKUP, MARKUP, NOW)
    switch = {"id": "s1", "what": "promote", "by": MARKUP, "forced": MARKUP, "at": NOW}
    rebuild = {"by": MARKUP, "error": MARKUP, "started_at": NOW, "heard_at": NOW, "done": 1, "total": 2}
    await database["generations"].update_one(
        {"_id": 1}, {"$set": {"switches": [switch], "promoted_at": NOW, "rebuild": rebuild}}
    )
    for field in ("kind", "host"):
        await database["processes"].update_one({}, {"$set": {field: MARKUP}})
    await database["holds"].insert_one(
        {
            "_id": f"1/{MARKUP}",
            "generation": 1,
            "owner": MARKUP,
            "business": MARKUP,
            "customer": MARKUP,
            "topic": "visits",
            "lane": 0,
            "offset": 0,
            "reason": MARKUP,
            "since": NOW,
        }
    )
    items = (await client.get("/api/dead-letters")).json()["items"]
    assert len(items) == 4
    paths = ["/", "/?done=1", "/sign-in", *(f"/dead-letters/{quote(one['id'], safe='')}" for one in items)]
    paths += [f"/dead-letters/{quote(MARKUP, safe='')}", f"/{quote(MARKUP, safe='')}"]
    found = []
    for path in paths:
        page = await client.get(path)
        assert page.status_code in (200, 404), path
        assert page.headers["Content-Type"].startswith("text/html"), path
        assert Seen(page.text).dangers == [], path
        assert "1337" not in page.text, path
        assert not any("x-ran" in name for name in page.headers)
        found.append(page.text.count("&lt;script&gt;window.ran=1"))
    # Notices, audit, generation, rebuild, process and hold are on the first.
    assert found[0] > 9
    said = await client.post(f"/dead-letters/{quote(BARE, safe='')}/discard", data={"reason": MARKUP})
    assert said.headers["Location"] == "/?done=1"
    told = (await client.get("/?done=1")).text
    assert "there is no dead letter" in told
    assert Seen(told).dangers == []
    metrics = (await client.get("/metrics")).text
    assert all(
        line.startswith(("#", "portal_", "python_", "process_")) for line in metrics.strip("\n").split("\n")
    )


async def test_a_key_that_is_no_id_is_not_shown(staff: StaffHarness, one: Installation) -> None:
    """It may be anything: somebody's address, say."""
    prefix = one.env["PORTAL_TOPIC_PREFIX"]
    async with AIOKafkaProducer(bootstrap_servers=one.env["PORTAL_KAFKA_BOOTSTRAP"]) as producer:
        await producer.send_and_wait(f"{prefix}customers", b"{", b"Ada Byron/12 Elm St")
    client = staff.client(EVE)

    async def there() -> bool:
        return len((await client.get("/api/dead-letters")).json()["items"]) == 4

    await until(there, "the dead letter")
    everything = [await client.get("/api/dead-letters"), await client.get("/")]
    everything += [
        await client.get(f"{path}/customers-0-0") for path in ("/dead-letters", "/api/dead-letters")
    ]
    listed = await one.run("dead-letters", "list")
    shown = "".join(answer.text for answer in everything) + listed.stdout
    assert "customers-0-0" in shown
    assert not any(secret in shown for secret in ("Ada", "Byron", "Elm"))
