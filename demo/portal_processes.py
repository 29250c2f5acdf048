"""The portal's commands as child processes of the demo, and how it tells what it does."""

import contextlib
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from types import TracebackType
from typing import Self

import httpx

from events.topics import DEFAULT_PARTITIONS, Topics
from local_stack.processes import Ports, spawn

PORTAL = str(Path(sys.executable).with_name("portal"))
PREFERRED_PORT = 8000
WITHIN_S = 90.0
"""How long anything may take to be ready."""
STOP_WITHIN_S = 20.0
"""Within which every command ends once told to; what is left then is killed."""
SHOWN_LINES = 20
"""Of the log of what failed."""


class RunFailed(Exception):
    """The demo cannot go on; the text says why."""


@contextlib.contextmanager
def step(text: str) -> Iterator[None]:
    """Yield a line about what is being done, and how long it took."""
    begun = time.monotonic()
    print(f"  {text:<62}", end="", flush=True)
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - begun:5.1f} s", flush=True)


class PortalProcesses:
    """The portal's processes on a running stack, as a context manager; `env` holds the settings of all of them."""

    def __init__(self, stack: Mapping[str, str], logs: Path, group: int) -> None:
        """`stack` holds the settings that the stack gives, `logs` is the folder for the processes' output, `group`
        the process group they join."""
        self._ports = Ports()
        port, staff_port = self._ports.take(PREFERRED_PORT), self._ports.take()
        self.url = f"http://127.0.0.1:{port}"
        self.env = {
            **stack,
            "PORTAL_HOST": "127.0.0.1",
            "PORTAL_PORT": str(port),
            "PORTAL_STAFF_PORT": str(staff_port),
            "PORTAL_PUBLIC_URL": self.url,
            "PORTAL_PARTITIONS": str(DEFAULT_PARTITIONS),
        }
        self.bootstrap = stack["PORTAL_KAFKA_BOOTSTRAP"]
        self.topics = Topics(stack["PORTAL_TOPIC_PREFIX"], DEFAULT_PARTITIONS)
        self._logs = logs
        self._group = group
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Start nothing yet."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Have all of them end in good order."""
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_WITHIN_S)
        self._ports.release()

    def run(self, *arguments: str) -> None:
        """Run `portal …` to its end; raise RunFailed when it fails."""
        done = subprocess.run(
            [PORTAL, *arguments],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if done.returncode:
            raise RunFailed(f"`portal {' '.join(arguments)}` failed:\n{done.stderr.strip()}")

    def start(self, command: str) -> None:
        """Start `portal …`, which runs until the end; from the main thread only."""
        self._running[command] = spawn([PORTAL, command], self._log(command), self._group, self.env)

    def stop(self, command: str) -> None:
        """Have `portal …` end in good order; it may be started again."""
        process = self._running.pop(command)
        process.send_signal(signal.SIGTERM)
        process.wait()

    def check(self) -> None:
        """Raise RunFailed when one that should run has ended."""
        for command, process in self._running.items():
            if process.poll() is not None:
                raise RunFailed(f"`portal {command}` ended with {process.returncode}:\n{self._tail(command)}")

    def wait_level(self) -> None:
        """Return when the views hold all that is on the topics; raises RunFailed when that does not come to pass."""
        watch = subprocess.Popen(
            [PORTAL, "lag", "--watch", "--json"],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=self._group,
        )
        deadline = time.monotonic() + WITHIN_S
        try:
            for line in watch.stdout or ():
                lag = json.loads(line)
                if lag["records"] == 0 and lag["state"] == "ok":
                    return
                self.check()
                if time.monotonic() > deadline:
                    raise RunFailed(f"the views are {lag['records']} events behind:\n{self._tail('project')}")
            raise RunFailed("`portal lag` ended")
        finally:
            watch.kill()
            watch.wait()

    def wait_ready(self) -> None:
        """Return when the portal serves; raises RunFailed when it does not."""
        deadline = time.monotonic() + WITHIN_S
        with httpx.Client(trust_env=False, timeout=5) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if client.get(f"{self.url}/-/health/ready").is_success:
                        return
                self.check()
                if time.monotonic() > deadline:
                    raise RunFailed(f"`portal serve` is not ready:\n{self._tail('serve')}")
                time.sleep(0.1)

    def hear_of_payments(self) -> None:
        """Have the stand-in for Stripe send its events to the portal, as an operator sets up the real one."""
        webhook = {"webhook_url": f"{self.url}/-/webhooks/stripe"}
        control = f"{self.env['LOCAL_STRIPE_CONTROL']}/control"
        httpx.post(control, json=webhook, trust_env=False, timeout=10).raise_for_status()

    def _log(self, command: str) -> Path:
        return self._logs / f"portal-{command}.log"

    def _tail(self, command: str) -> str:
        return "\n".join(self._log(command).read_text(errors="replace").splitlines()[-SHOWN_LINES:])
