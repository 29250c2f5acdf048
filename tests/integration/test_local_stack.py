"""`python -m local_stack`: what it starts answers, and nothing of it is left, however it ends."""

import asyncio
import json
import os
import secrets
import shutil
import signal
import smtplib
import subprocess
import urllib.request
from collections.abc import Iterator
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from aiokafka import AIOKafkaConsumer, AIOKafkaProducer
from aiokafka.admin import AIOKafkaAdminClient, NewTopic
from aiokafka.errors import UnknownTopicOrPartitionError
from pymongo import MongoClient

from local_stack import downloads
from local_stack.errors import StackError
from tests.harness.local_stack_process import (
    COMMAND,
    ROOT,
    Env,
    Running,
    eventually,
    gone,
    processes_of,
    restart,
    running,
    somebody_else_at,
)


@pytest.fixture(scope="module")
def stack() -> Iterator[Running]:
    with running() as one:
        yield one


def cluster_id(env: Env) -> str:
    async def ask() -> str:
        admin = AIOKafkaAdminClient(bootstrap_servers=env["PORTAL_KAFKA_BOOTSTRAP"])
        await admin.start()
        try:
            return str((await admin.describe_cluster())["cluster_id"])
        finally:
            await admin.close()

    return asyncio.run(ask())


def write(env: Env, topic: str, value: bytes) -> None:
    async def send() -> None:
        admin = AIOKafkaAdminClient(bootstrap_servers=env["PORTAL_KAFKA_BOOTSTRAP"])
        await admin.start()
        await admin.create_topics([NewTopic(topic, 1, 1)])
        await admin.close()
        async with AIOKafkaProducer(bootstrap_servers=env["PORTAL_KAFKA_BOOTSTRAP"], acks="all") as producer:
            await producer.send_and_wait(topic, value)

    asyncio.run(send())


def read(env: Env, topic: str) -> bytes:
    """The topic's first record, read as the first member of a new consumer group."""

    async def receive() -> bytes:
        consumer = AIOKafkaConsumer(
            topic,
            bootstrap_servers=env["PORTAL_KAFKA_BOOTSTRAP"],
            group_id=f"reader-{secrets.token_hex(4)}",
            auto_offset_reset="earliest",
        )
        async with consumer:
            return bytes((await asyncio.wait_for(consumer.getone(), 60)).value)

    return asyncio.run(receive())


def insert(env: Env, id_: str) -> None:
    with MongoClient[dict[str, str]](env["PORTAL_MONGO_URL"]) as client:
        client.portal.get_collection("things").insert_one({"_id": id_})


def things(env: Env) -> list[str]:
    with MongoClient[dict[str, str]](env["PORTAL_MONGO_URL"]) as client:
        return sorted(thing["_id"] for thing in client.portal.get_collection("things").find())


def test_prints_every_setting_the_commands_need(stack: Running) -> None:
    """All of docs/contracts/api.md's settings but those that are the caller's own, and where the stand-ins are."""
    portal = "KAFKA_BOOTSTRAP MONGO_URL MONGO_DATABASE SMTP_URL MEDIA_URL CACHE_URL TOPIC_PREFIX SECRET_KEY STAFF_TOKEN"
    stripe = "STRIPE_API_KEY STRIPE_API_BASE STRIPE_WEBHOOK_SECRET"
    local = {"LOCAL_MAIL_API", "LOCAL_STRIPE_CONTROL", "LOCAL_KAFKA_PID", "LOCAL_MONGO_PID"}
    assert {f"PORTAL_{name}" for name in f"{portal} {stripe}".split()} | local == set(stack.env)
    assert all(
        Path(urlsplit(stack.env[name]).path).is_dir() for name in ("PORTAL_MEDIA_URL", "PORTAL_CACHE_URL")
    )


def test_kafka_keeps_records_and_makes_no_topics_by_itself(stack: Running) -> None:
    """A topic is there when somebody made it, and not because somebody asked for it."""
    write(stack.env, "made", b"hello")
    assert read(stack.env, "made") == b"hello"

    async def ask() -> None:
        async with AIOKafkaProducer(
            bootstrap_servers=stack.env["PORTAL_KAFKA_BOOTSTRAP"], request_timeout_ms=1000
        ) as producer:
            await producer.partitions_for("never-made")

    with pytest.raises(UnknownTopicOrPartitionError):
        asyncio.run(ask())


def test_mongo_has_transactions_with_the_limit_of_the_deployment(stack: Running) -> None:
    """A replica set of one, in which a dead writer's transaction is given up after 10 s."""
    with MongoClient[dict[str, str]](stack.env["PORTAL_MONGO_URL"]) as client:
        collection = client.portal.get_collection("things")
        with client.start_session() as session, session.start_transaction():
            collection.insert_one({"_id": "in a transaction"}, session=session)
        limit = client.admin.command("getParameter", transactionLifetimeLimitSeconds=1)
        print("MongoDB", client.server_info()["version"])
    assert limit["transactionLifetimeLimitSeconds"] == 10
    assert "in a transaction" in things(stack.env)


def test_mails_arrive_in_the_mailbox(stack: Running) -> None:
    """What is sent by SMTP is read by HTTP."""
    mail = EmailMessage()
    mail["From"], mail["To"], mail["Subject"] = "portal@example.com", "ana@example.com", "Your code"
    mail.set_content("123456")
    address = urlsplit(stack.env["PORTAL_SMTP_URL"])
    assert address.hostname is not None
    assert address.port is not None
    with smtplib.SMTP(address.hostname, address.port) as smtp:
        smtp.send_message(mail)
    with urllib.request.urlopen(f"{stack.env['LOCAL_MAIL_API']}/api/v1/messages") as answer:
        assert "Your code" in [message["Subject"] for message in json.load(answer)["messages"]]


def test_a_temporary_stack_leaves_nothing() -> None:
    """Neither a process nor a folder, after Ctrl-C, SIGTERM and SIGKILL."""
    for number, status in ((signal.SIGINT, 0), (signal.SIGTERM, 0), (signal.SIGKILL, -signal.SIGKILL)):
        with running() as stack:
            assert processes_of(stack.state)
            assert status == stack.end(number)
            assert eventually(partial(gone, stack.state)), (number, processes_of(stack.state))


def test_a_killed_server_comes_back_where_it_was(tmp_path: Path) -> None:
    """On its port with its data, by `restart`; and so do all when the stack is killed and started again at once."""
    with running("--state", str(tmp_path)) as stack:
        write(stack.env, "kept", b"before")
        insert(stack.env, "before")
        for name in ("kafka", "mongo"):
            os.kill(int(stack.env[f"LOCAL_{name.upper()}_PID"]), signal.SIGKILL)
            stack.env[f"LOCAL_{name.upper()}_PID"] = str(restart(name, tmp_path))
        assert (read(stack.env, "kept"), things(stack.env)) == (b"before", ["before"])
        stack.end(signal.SIGKILL)
    with running("--state", str(tmp_path)) as second:
        assert stack.env["PORTAL_MONGO_URL"] == second.env["PORTAL_MONGO_URL"]
        assert (read(second.env, "kept"), things(second.env)) == (b"before", ["before"])
        second.end(signal.SIGKILL)
        assert eventually(lambda: not processes_of(tmp_path)), processes_of(tmp_path)


def test_a_state_outlives_a_killed_stack(tmp_path: Path) -> None:
    """Data, cluster and keys are the same afterwards, even where another program has taken MongoDB's port."""
    with running("--state", str(tmp_path)) as first:
        write(first.env, "kept", b"before")
        insert(first.env, "before")
        cluster = cluster_id(first.env)
        first.end(signal.SIGKILL)
    port = json.loads((tmp_path / "stack.json").read_text())["ports"]["mongo"]
    with somebody_else_at(port), running("--state", str(tmp_path)) as second:
        assert first.env["PORTAL_MONGO_URL"] != second.env["PORTAL_MONGO_URL"]
        insert(second.env, "after")
        assert (things(second.env), read(second.env, "kept")) == (["after", "before"], b"before")
        assert cluster == cluster_id(second.env)
        unchanged = (
            "SECRET_KEY",
            "STAFF_TOKEN",
            "STRIPE_API_KEY",
            "STRIPE_WEBHOOK_SECRET",
            "KAFKA_BOOTSTRAP",
        )
        assert all(first.env[f"PORTAL_{name}"] == second.env[f"PORTAL_{name}"] for name in unchanged)

        third = subprocess.run(
            [*COMMAND, "--state", str(tmp_path)], cwd=ROOT, capture_output=True, text=True, check=False
        )
        assert (1, f"local_stack: a stack already runs in {tmp_path}\n") == (
            third.returncode,
            third.stderr,
        )
        assert second.end(signal.SIGTERM) == 0
    assert not processes_of(tmp_path)


def test_a_missing_tool_is_one_line_with_the_remedy(tmp_path: Path) -> None:
    """It says what is missing, why it is needed and how it is installed."""
    setpriv = shutil.which("setpriv")
    assert setpriv is not None
    (tmp_path / "setpriv").symlink_to(setpriv)
    done = subprocess.run(
        COMMAND, cwd=ROOT, env={"PATH": str(tmp_path)}, capture_output=True, text=True, check=False
    )
    assert done.returncode == 1
    assert "local_stack: `java` is missing (runs Kafka); install it: apt-get install" in done.stderr
    assert done.stdout == ""


def test_restarting_where_nothing_runs_says_so(tmp_path: Path) -> None:
    """It does not start a server that nobody would end."""
    done = subprocess.run(
        [*COMMAND, "restart", "kafka", "--state", str(tmp_path)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert f"no stack runs in {tmp_path}" in done.stderr


def test_a_part_is_in_the_cache_whole_or_not_at_all(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A download that broke off is begun anew; one that is there is not made again."""
    monkeypatch.setenv("LOCAL_CACHE", str(tmp_path))

    def breaks(folder: Path) -> None:
        (folder / "half").touch()
        raise StackError("cut off")

    with pytest.raises(StackError, match="cut off"):
        downloads.fetch(downloads.Download("part", "part-1", (), breaks))
    assert not (tmp_path / "part-1").exists()

    downloads.fetch(downloads.Download("part", "part-1", (), lambda folder: (folder / "whole").touch()))
    downloads.fetch(downloads.Download("part", "part-1", (), breaks))
    assert [path.name for path in (tmp_path / "part-1").iterdir()] == ["whole"]
