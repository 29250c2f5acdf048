"""What the staff surface tells and does, and that every action of an operator is in the audit."""

from typing import Any

import pytest

from local_stack.stack import Stack
from portal.settings import Settings
from tests.harness.portal_installation import Installation, until
from tests.integration.harness.customer_surface import CustomerSurfaceHarness
from tests.integration.harness.held_customer import faulty
from tests.integration.harness.live_worker import level, publish, sample
from tests.integration.staff.harness import BOB, EVE, StaffHarness

CLOSED = "127.0.0.1:1"


async def test_the_lag_is_that_of_the_command_and_shared(staff: StaffHarness, one: Installation) -> None:
    """All that waits, then nothing; `/metrics` says the same, and what the worker measured."""
    await publish(one, lines := sample())

    async def seen() -> bool:
        return bool((await staff.client(EVE).get("/api/lag")).json()["records"] == len(lines))

    await until(seen, "what waits")
    found = (await staff.client(EVE).get("/api/lag")).json()
    assert (found["generation"], found["state"] in ("ok", "lagging", "stalled")) == (None, True)
    one.start("project")
    await level(one, len(lines))

    async def caught_up() -> bool:
        return bool((await staff.client(EVE).get("/api/lag")).json()["records"] == 0)

    await until(caught_up, "nothing that waits")

    async def told() -> bool:
        text = (await staff.client(EVE).get("/metrics")).text
        events = [line for line in text.splitlines() if line.startswith("portal_projector_events_total{")]
        return sum(float(line.rpartition(" ")[2]) for line in events) == len(lines)

    await until(told, "the worker's numbers in /metrics")
    text = (await staff.client(EVE).get("/metrics")).text
    for line in (
        'portal_lag_state{state="ok"} 1.0',
        "portal_generation 1.0",
        "portal_gaps 0.0",
        "portal_projector_transaction_retries_total{",
        "portal_projector_batch_seconds_bucket{",
        "portal_projector_lost_compares_total{",
    ):
        assert line in text
    assert text.count("portal_lane_held{") == 4
    assert text.count("portal_lag_records{") == 32
    generations = (await staff.client(EVE).get("/api/generations")).json()
    assert (generations["served"], generations["standby"]) == (1, None)
    head = await staff.client(EVE).head("/api/generations")
    assert (head.status_code, head.content) == (200, b"")


@pytest.mark.parametrize("away", ["PORTAL_KAFKA_BOOTSTRAP", "PORTAL_MONGO_URL"])
async def test_what_is_away_is_unknown_and_never_0(one: Installation, away: str) -> None:
    """The API, the metrics and the page all say so, and the service stays up."""
    one.start("project")
    await level(one, 0)
    there = {"PORTAL_KAFKA_BOOTSTRAP": CLOSED, "PORTAL_MONGO_URL": f"mongodb://{CLOSED}/?replicaSet=rs0"}
    staff = StaffHarness(Settings.read(one.env | {away: there[away]}).installation)
    async with staff.running():
        lag = (await staff.client(EVE).get("/api/lag")).json()
        assert (lag["state"], lag["records"], lag["seconds"]) == ("unknown", None, None)
        text = (await staff.client(EVE).get("/metrics")).text
        assert 'portal_lag_state{state="unknown"} 1.0' in text
        assert "portal_lag_records{" not in text
        page = await staff.client(EVE).get("/")
        assert (page.status_code, "The lag is not known" in page.text) == (200, True)
        rest = await staff.client(EVE).get("/api/audit")
        assert rest.status_code == (503 if away == "PORTAL_MONGO_URL" else 200)


async def test_a_record_that_is_kept_is_shown_while_kafka_is_away(
    one: Installation, monkeypatch: pytest.MonkeyPatch
) -> None:
    """That of an event which holds its customer lies in the log alone."""
    found = await faulty(one, monkeypatch)
    staff = StaffHarness(Settings.read(one.env | {"PORTAL_KAFKA_BOOTSTRAP": CLOSED}).installation)
    async with staff.running():
        shown = (await staff.client(EVE).get(f"/api/dead-letters/{found.unreadable}")).json()
        assert (shown["record"]["key"], shown["discard"]) == ("biz_1/cus_1", None)
        held = await staff.client(EVE).get(f"/api/dead-letters/{found.held}")
        assert (held.status_code, "Kafka does not answer" in held.json()["detail"]) == (503, True)
        assert (await staff.client(EVE).get("/api/dead-letters/visits-0-999")).status_code == 404


async def test_two_claims_to_a_slug_and_topics_that_forget_are_notices(
    stack: Stack, one: Installation
) -> None:
    """The later claim is named, with who has it."""
    async with CustomerSurfaceHarness(stack.env) as surface:
        await surface.publish("business.registered", portal_host="pools.test")
        await surface.publish("business.registered", business="biz_2", slug="blue", portal_host="POOLS.test")
        env = one.env | {"PORTAL_MONGO_DATABASE": surface.config.mongo_database}
        await forget(one, "visits")
        staff = StaffHarness(Settings.read(env).installation)
        async with staff.running():
            items = (await staff.client(EVE).get("/api/notices")).json()["items"]
    found = {(one["kind"], one["business"], one["subject"]) for one in items}
    assert found == {
        ("slug claimed twice", "biz_2", "blue"),
        ("host claimed twice", "biz_2", "pools.test"),
        ("topic not kept for ever", "", f"{one.env['PORTAL_TOPIC_PREFIX']}visits"),
    }
    assert set(items[0]) == {"kind", "business", "subject", "at", "detail"}


async def forget(one: Installation, topic: str) -> None:
    """Has Kafka forget a topic's records after an hour."""
    from aiokafka.admin import AIOKafkaAdminClient
    from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

    admin = AIOKafkaAdminClient(bootstrap_servers=one.env["PORTAL_KAFKA_BOOTSTRAP"])
    await admin.start()
    name = one.env["PORTAL_TOPIC_PREFIX"] + topic
    await admin.alter_configs([ConfigResource(ConfigResourceType.TOPIC, name, {"retention.ms": "3600000"})])
    await admin.close()


async def test_a_rebuild_is_started_once_and_ends_with_the_service(one: Installation) -> None:
    """A second one is refused; both askings that did something are in the audit."""
    staff = StaffHarness(Settings.read(one.env).installation)
    async with staff.running():
        started = await staff.client(EVE).post("/api/rebuilds", json={"promote": True})
        assert started.status_code == 202
        refused = await staff.client(BOB).post("/api/rebuilds")
        assert (refused.status_code, "is running" in refused.json()["detail"]) == (409, True)
        assert (await staff.client(EVE).post("/api/rebuilds", json={"customer": "--x"})).status_code == 400
        assert await staff.audit() == [("staff:eve", "rebuild.start", "--promote", None)]
        rebuilding = staff.app.state.services.staff.rebuild_process
        assert rebuilding.is_running
    assert not rebuilding.is_running


async def test_there_is_nothing_to_switch_to(staff: StaffHarness) -> None:
    """Which is said, and is no action."""
    for what in ("promote", "rollback"):
        refused = await staff.client(EVE).post(f"/api/generations/{what}", json={"wait": 0})
        assert refused.status_code == 409
    wrong = await staff.client(EVE).post("/api/generations/promote", json={"force": True})
    assert (wrong.status_code, "reason" in wrong.json()["detail"]) == (400, True)
    assert (await staff.client(EVE).post("/api/generations/drop")).status_code in (400, 404)
    assert await staff.audit() == []


async def test_dead_letters_are_listed_shown_retried_and_discarded(
    one: Installation, staff: StaffHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    """As by the command; who did it is in the audit, with the reason."""
    found = await faulty(one, monkeypatch)
    client = staff.client(EVE)
    body = (await client.get("/api/dead-letters")).json()
    assert {(item["id"], item["kind"]) for item in body["items"]} == {
        (found.held, "held"),
        (found.unreadable, "unreadable"),
    }
    assert sum(error["count"] for error in body["errors"]) == 2
    assert [item["id"] for item in (await client.get("/api/dead-letters?limit=1")).json()["items"]]
    shown = (await client.get(f"/api/dead-letters/{found.held}")).json()
    assert shown["record"]["key"] == found.owner
    assert "@" not in str(shown["record"]["value"]).replace("…@…", "")
    assert 'portal_dead_letters{kind="held",lane="' in (await client.get("/metrics")).text
    lag: dict[str, Any] = {}

    async def counted() -> bool:
        # It is measured once a second at most.
        lag.update((await client.get("/api/lag")).json())
        return bool(lag["dead_letters"] == 2)

    await until(counted, "both dead letters in the lag")

    retried = await client.post(f"/api/dead-letters/{found.held}/retry")
    assert (retried.status_code, retried.json()["released"]) == (200, [found.owner])
    assert retried.json()["applied"] == 1 + lag["waiting"]
    gone = await client.post(f"/api/dead-letters/{found.held}/retry")
    assert (gone.status_code, gone.headers["Content-Type"]) == (404, "application/problem+json")

    unreadable = f"/api/dead-letters/{found.unreadable}"
    assert (await client.post(f"{unreadable}/retry")).status_code == 409
    assert (await client.post(f"{unreadable}/discard", json={"reason": "  "})).status_code == 400
    assert (await client.post(f"{unreadable}/discard")).status_code == 400
    discarded = await staff.client(BOB).post(
        f"{unreadable}/discard", json={"reason": "typed by ada@mail.test"}
    )
    assert discarded.status_code == 200
    assert (await client.get("/api/dead-letters")).json() == {"errors": [], "items": []}
    assert (await client.get(unreadable)).json()["discard"]["by"] == "staff:bob"
    noted = await staff.audit()
    assert ("staff:eve", "dead_letter.retry", found.held, None) in noted
    assert noted[-1] == ("staff:bob", "dead_letter.discard", found.unreadable, "typed by …@…")
