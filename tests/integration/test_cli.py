"""The commands as people call them: what they say, and how they end."""

import json
import signal
from pathlib import Path

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from aiokafka.admin.config_resource import ConfigResource, ConfigResourceType

from tests.harness.portal_installation import Installations
from tests.integration.harness.live_worker import SAMPLE

SASL = {"PORTAL_KAFKA_SECURITY_PROTOCOL": "SASL_PLAINTEXT"}


async def test_topics_are_created_once(installation: Installations) -> None:
    """All eight, kept for ever; a second time changes nothing, another count is refused."""
    one = await installation(PORTAL_PARTITIONS="2")
    made = await one.run("topics", "create")
    assert (made.returncode, made.stdout.count("with 2 partitions")) == (0, 8)
    again = await one.run("topics", "create")
    assert (again.returncode, again.stdout) == (0, "all 8 topics are there, with 2 partitions each\n")
    other = await one.run("topics", "create", PORTAL_PARTITIONS="3")
    assert (other.returncode, "set PORTAL_PARTITIONS=2" in other.stderr) == (1, True)
    admin = AIOKafkaAdminClient(bootstrap_servers=one.env["PORTAL_KAFKA_BOOTSTRAP"])
    await admin.start()
    try:
        visits = ConfigResource(ConfigResourceType.TOPIC, one.env["PORTAL_TOPIC_PREFIX"] + "visits")
        (answer,) = await admin.describe_configs([visits])
        config = {entry[0]: entry[1] for entry in answer.resources[0][4]}
    finally:
        await admin.close()
    assert (config["retention.ms"], config["cleanup.policy"]) == ("-1", "delete")
    assert config["max.message.bytes"] == str(4 * 1024 * 1024)


async def test_a_wrong_line_is_named_and_nothing_is_published(installation: Installations) -> None:
    """With its number, before anything is sent."""
    one = await installation(PORTAL_PARTITIONS="1")
    await one.run("topics", "create")
    file = Path(one.folder) / "log.jsonl"
    good = SAMPLE.read_bytes().splitlines()
    file.write_bytes(
        b"\n".join([good[0], b"", b"{nonsense", good[1], b'{"type": "servicehub.visit.booked.v1"}'])
    )
    done = await one.run("publish", str(file))
    assert done.returncode == 1
    assert f"{file}:3: not JSON" in done.stderr
    assert f"{file}:5: partitionkey is missing" in done.stderr
    lag = json.loads((await one.run("lag", "--json")).stdout)
    assert [one["end_offset"] for one in lag["partitions"]] == [0] * 8


async def test_wrong_usage_has_a_status_of_its_own(installation: Installations) -> None:
    """Whether an argument or a setting is wrong, it is named on stderr."""
    one = await installation()
    for arguments, setting, named in (
        (("publish", "/nowhere.jsonl"), {}, "/nowhere.jsonl"),
        (("publish", "--mode", "xml", str(SAMPLE)), {}, "--mode"),
        (("dance",), {}, "dance"),
        (("lag",), {"PORTAL_KAFKA_BOOTSTRAP": ""}, "PORTAL_KAFKA_BOOTSTRAP is not set"),
        (("lag",), {"PORTAL_MONGO_URL": "mongodb://user:hid@den@127.0.0.1/"}, "PORTAL_MONGO_URL: "),
        (("topics", "create"), SASL, "PORTAL_KAFKA_SASL_USERNAME is not set"),
        (("project",), SASL, "PORTAL_KAFKA_SASL_USERNAME is not set"),
        (("project",), {"PORTAL_MONGO_URL": ""}, "PORTAL_MONGO_URL is not set"),
        (("serve",), {"PORTAL_SMTP_URL": "localhost:25"}, "PORTAL_SMTP_URL: "),
        (("serve",), {"PORTAL_PUBLIC_URL": "http://example.com"}, "PORTAL_PUBLIC_URL"),
        (("serve",), {"PORTAL_LIMIT_DANCES": "3"}, "PORTAL_LIMIT_"),
    ):
        done = await one.run(*arguments, **setting)
        assert (done.returncode, named in done.stderr.replace("\n", "")) == (2, True), done.stderr
        assert "Traceback" not in done.stderr
        assert "den@" not in done.stderr


async def test_publishing_needs_topics(installation: Installations) -> None:
    """It says how to make them."""
    one = await installation()
    done = await one.run("publish", str(SAMPLE))
    assert (done.returncode, "run `portal topics create`" in done.stderr) == (1, True)


async def test_the_lag_before_any_worker_ran(installation: Installations) -> None:
    """All records count, nothing is applied; it could be measured, so the command succeeds."""
    one = await installation(PORTAL_PARTITIONS="2")
    await one.run("topics", "create")
    await one.run("publish", str(SAMPLE))
    done = await one.run("lag", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, done.stdout.count("\n"), len(found["partitions"])) == (0, 1, 16)
    assert (found["generation"], found["records"]) == (None, len(SAMPLE.read_bytes().splitlines()))
    assert {one["applied_offset"] for one in found["partitions"]} == {None}
    shown = await one.run("lag")
    assert (shown.returncode, str(found["records"]) in shown.stdout) == (0, True)


async def test_a_lag_that_cannot_be_measured_is_no_zero(installation: Installations) -> None:
    """Kafka or MongoDB away: unknown, null, status 1."""
    one = await installation()
    await one.run("topics", "create")
    for away in ({"PORTAL_KAFKA_BOOTSTRAP": "127.0.0.1:1"}, {"PORTAL_MONGO_URL": "mongodb://127.0.0.1:1/"}):
        done = await one.run("lag", "--json", **away)
        found = json.loads(done.stdout)
        assert (done.returncode, found["state"], found["records"], found["seconds"]) == (
            1,
            "unknown",
            None,
            None,
        )


async def test_without_topics_there_is_a_lag_that_is_unknown(installation: Installations) -> None:
    """As the staff surface answers; why is on stderr."""
    one = await installation()
    done = await one.run("lag", "--json")
    found = json.loads(done.stdout)
    assert (done.returncode, done.stdout.count("\n")) == (1, 1)
    assert (found["state"], found["records"], found["partitions"]) == ("unknown", None, [])
    assert "run `portal topics create`" in done.stderr


async def test_generations_are_listed_as_the_staff_surface_does(installation: Installations) -> None:
    """Also where there are none."""
    one = await installation()
    done = await one.run("generations", "list", "--json")
    nothing: dict[str, object] = {
        "served": None,
        "standby": None,
        "level": None,
        "filling": None,
        "items": [],
    }
    assert (done.returncode, json.loads(done.stdout)) == (0, nothing)


async def test_the_lag_is_watched_until_told_to_stop(installation: Installations) -> None:
    """Ctrl-C is no error."""
    one = await installation(PORTAL_PARTITIONS="1")
    await one.run("topics", "create")
    watch = one.start("lag", "--watch", "--json")
    await watch.says('"partitions"')
    watch.signal(signal.SIGINT)
    assert await watch.ended() == 0


async def test_the_customer_surface_is_served(installation: Installations) -> None:
    """Not ready without views, but there; each answer names its request; SIGTERM ends it."""
    one = await installation()
    serve = one.start("serve")
    await one.answers("/-/health/live")
    async with httpx.AsyncClient(base_url=one.env["PORTAL_PUBLIC_URL"], trust_env=False) as client:
        ready = await client.get("/-/health/ready", headers={"x-request-id": "from-a-proxy-1"})
        assert (ready.status_code, ready.headers["x-request-id"]) == (503, "from-a-proxy-1")
        assert len((await client.get("/-/health/live")).headers["x-request-id"]) == 20
    assert await serve.stop() == 0


async def test_what_is_off_is_said(installation: Installations) -> None:
    """The rest starts."""
    one = await installation()
    serve = one.start("serve", PORTAL_SMTP_URL="", PORTAL_MEDIA_URL="")
    await one.answers("/-/health/live")
    off = [json.loads(line) for line in serve.output().splitlines() if "a feature is off" in line]
    assert [one["missing"] for one in off] == [["PORTAL_SMTP_URL"], ["PORTAL_MEDIA_URL"]]
