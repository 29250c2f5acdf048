"""Installations of the portal on the stack that all tests share, and its commands as processes."""

import asyncio
import contextlib
import os
import secrets
import signal
import subprocess
import sys
import time
from collections.abc import Awaitable, Callable
from pathlib import Path
from types import TracebackType
from typing import ClassVar, Self

import httpx
from aiokafka.admin import AIOKafkaAdminClient
from pymongo import MongoClient

from local_stack.processes import Ports, spawn
from portal.commands import publish, topics
from portal.settings import Settings

PORTAL = Path(sys.executable).with_name("portal")
# Only ends what hangs: long enough for a machine that does much else.
WITHIN_S = 60.0
FIRST_PAUSE_S, LONGEST_PAUSE_S = 0.02, 0.3
SHOWN_LINES = 60


async def until(true: Callable[[], bool | Awaitable[bool]], what: str, within_s: float = WITHIN_S) -> None:
    """Returns when `true()` is, which may be awaitable; fails with `what` it waited for when that takes too long."""
    deadline = time.monotonic() + within_s
    pause = FIRST_PAUSE_S
    while True:
        answer = true()
        if answer if isinstance(answer, bool) else await answer:
            return
        if time.monotonic() > deadline:
            raise AssertionError(f"waited {within_s:.0f} s for {what}")
        await asyncio.sleep(pause)
        # To look costs as much as what is waited for, where it opens a connection: the longer the wait, the rarer.
        pause = min(pause * 1.5, LONGEST_PAUSE_S)


class Process:
    """A `portal …` command, leader of a process group of its own, killed by the kernel when the tests end."""

    known: ClassVar[set["Process"]] = set()

    def __init__(self, arguments: tuple[str, ...], env: dict[str, str], log: Path) -> None:
        """Starts it, from the main thread only; what it says on stdout and stderr goes to `log`."""
        self.command = " ".join(("portal", *arguments))
        self.log = log
        self.process = spawn([str(PORTAL), *arguments], log, 0, env)
        self.known.add(self)

    @property
    def pid(self) -> int:
        return self.process.pid

    def alive(self) -> bool:
        return self.process.poll() is None

    def output(self) -> str:
        return self.log.read_text(errors="replace")

    def signal(self, number: signal.Signals) -> None:
        """To this process alone; its group is `os.killpg(process.pid, number)`."""
        self.process.send_signal(number)

    async def ended(self) -> int:
        """Its exit status, once it has ended."""
        await until(lambda: not self.alive(), f"the end of `{self.command}`")
        return self.process.wait()

    async def says(self, text: str) -> None:
        """Returns when the text stands in its output; fails when it ends before."""
        await until(lambda: text in self.output() or not self.alive(), f"{text!r} from `{self.command}`")
        if text not in self.output():
            raise AssertionError(
                f"`{self.command}` ended with {self.process.returncode} before it said {text!r}"
            )

    async def stop(self) -> int:
        """SIGTERM, then its exit status."""
        self.signal(signal.SIGTERM)
        return await self.ended()

    def kill(self) -> None:
        """SIGKILL, to its whole group; nothing when there is nobody left in it."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self.process.wait()


class Installation:
    """A portal of its own on the shared stack: topic prefix, database, folders, ports. `async with` it.

    `env` holds every `PORTAL_*` and `LOCAL_*` variable; `settings` change or add some.
    """

    def __init__(self, stack: dict[str, str], folder: Path, **settings: str) -> None:
        """Touches no server: topics are made by `portal topics create`."""
        name = secrets.token_hex(4)
        self.folder = folder / name
        self._ports = Ports()
        port = str(self._ports.take())
        folders = {f"PORTAL_{kind.upper()}_URL": (self.folder / kind).as_uri() for kind in ("media", "cache")}
        own = {
            "PORTAL_TOPIC_PREFIX": f"{name}.",
            "PORTAL_MONGO_DATABASE": f"portal_{name}",
            "PORTAL_HOST": "127.0.0.1",
            "PORTAL_PORT": port,
            "PORTAL_STAFF_PORT": str(self._ports.take()),
            "PORTAL_PUBLIC_URL": f"http://127.0.0.1:{port}",
        }
        self.env = stack | own | folders | settings
        self.processes: list[Process] = []

    async def __aenter__(self) -> Self:
        for kind in ("media", "cache", "logs"):
            (self.folder / kind).mkdir(parents=True)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Kills what still runs, and takes its topics and database off the stack."""
        for process in self.processes:
            process.kill()
            Process.known.discard(process)
        self._ports.release()
        with MongoClient[dict[str, object]](self.env["PORTAL_MONGO_URL"]) as client:
            client.drop_database(self.env["PORTAL_MONGO_DATABASE"])
        admin = AIOKafkaAdminClient(bootstrap_servers=self.env["PORTAL_KAFKA_BOOTSTRAP"])
        await admin.start()
        try:
            mine = [
                name for name in await admin.list_topics() if name.startswith(self.env["PORTAL_TOPIC_PREFIX"])
            ]
            if mine:
                await admin.delete_topics(mine)
        finally:
            await admin.close()

    async def create_topics(self) -> None:
        """What `portal topics create` does, without a process for it."""
        await topics.create(Settings.read(self.env))

    async def publish(self, file: Path, mode: publish.Mode = "structured") -> int:
        """What `portal publish` does, without a process for it; how many events there were."""
        return await publish.publish(Settings.read(self.env), file, mode, lambda _: None)

    def start(self, *arguments: str, **settings: str) -> Process:
        """Starts `portal arguments…` and returns at once."""
        log = self.folder / "logs" / f"{len(self.processes)}-{arguments[0]}.log"
        process = Process(arguments, self.env | settings, log)
        self.processes.append(process)
        return process

    async def run(self, *arguments: str, **settings: str) -> subprocess.CompletedProcess[str]:
        """Runs `portal arguments…` to its end, whatever its exit status."""
        return await asyncio.to_thread(
            subprocess.run,
            [str(PORTAL), *arguments],
            env={**os.environ, **self.env, **settings},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=WITHIN_S,
        )

    async def answers(self, path: str, status: int = 200) -> None:
        """Returns when `portal serve` answers a GET of `path` with `status`."""
        url = self.env["PORTAL_PUBLIC_URL"] + path
        async with httpx.AsyncClient(trust_env=False) as client:

            async def answered() -> bool:
                try:
                    return (await client.get(url)).status_code == status
                except httpx.TransportError:
                    return False

            await until(answered, f"{status} from {path}")


# What the fixture `installation` is: `await installation(PORTAL_PARTITIONS="4")`.
Installations = Callable[..., Awaitable[Installation]]
