"""Commands of the portal as child processes, for the demo and the benchmarks."""

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

PORTAL_COMMAND = str(Path(sys.executable).with_name("portal"))
PREFERRED_PORT = 8000
READY_TIMEOUT_S = 90.0
READY_POLL_INTERVAL_S = 0.1
STOP_TIMEOUT_S = 20.0
"""Time for a process to end after SIGTERM. The reaper of the process group kills those that remain."""
LOG_TAIL_LINES = 20
"""Lines of a failed process's log in the error message."""


class RunFailed(Exception):
    """The demo or a benchmark cannot continue; the text says why."""


@contextlib.contextmanager
def report_step(description: str) -> Iterator[None]:
    """Print a step of the start, and its duration once it is done."""
    started = time.monotonic()
    print(f"  {description:<62}", end="", flush=True)
    try:
        yield
    except BaseException:
        print(flush=True)
        raise
    print(f"{time.monotonic() - started:5.1f} s", flush=True)


class PortalProcesses:
    """Context manager of the portal's processes on a running stack; `env` holds their settings."""

    def __init__(self, stack_env: Mapping[str, str], logs: Path, process_group: int) -> None:
        """`stack_env` holds the stack's settings, `logs` is the folder for the output."""
        self._ports = Ports()
        port, staff_port = self._ports.take(PREFERRED_PORT), self._ports.take()
        self.url = f"http://127.0.0.1:{port}"
        self.env = {
            **stack_env,
            "PORTAL_HOST": "127.0.0.1",
            "PORTAL_PORT": str(port),
            "PORTAL_STAFF_PORT": str(staff_port),
            "PORTAL_PUBLIC_URL": self.url,
            "PORTAL_PARTITIONS": str(DEFAULT_PARTITIONS),
        }
        self.bootstrap = stack_env["PORTAL_KAFKA_BOOTSTRAP"]
        self.topics = Topics(stack_env["PORTAL_TOPIC_PREFIX"], DEFAULT_PARTITIONS)
        self._logs = logs
        self._process_group = process_group
        self._running: dict[str, subprocess.Popen[bytes]] = {}

    def __enter__(self) -> Self:
        """Return the processes, none of them started."""
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop all processes and release their ports."""
        for process in self._running.values():
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
        for process in self._running.values():
            with contextlib.suppress(subprocess.TimeoutExpired):
                process.wait(STOP_TIMEOUT_S)
        self._ports.release()

    def run_command(self, *arguments: str) -> None:
        """Run a command of `portal` to its end. Raises RunFailed."""
        result = subprocess.run(
            [PORTAL_COMMAND, *arguments],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if result.returncode:
            raise RunFailed(f"`portal {' '.join(arguments)}` failed:\n{result.stderr.strip()}")

    def start(self, command: str) -> None:
        """Start a long-running command of `portal`; call it from the main thread only."""
        self._running[command] = spawn(
            [PORTAL_COMMAND, command], self._log_path(command), self._process_group, self.env
        )

    def stop(self, command: str) -> None:
        """Stop a running command and wait for its end; it may be started again."""
        process = self._running.pop(command)
        process.send_signal(signal.SIGTERM)
        process.wait()

    def check_running(self) -> None:
        """Raise RunFailed if a started process has ended."""
        for command, process in self._running.items():
            if process.poll() is not None:
                raise RunFailed(
                    f"`portal {command}` ended with {process.returncode}:\n{self._log_tail(command)}"
                )

    def wait_until_caught_up(self) -> None:
        """Wait until the read models hold all records of the topics. Raises RunFailed."""
        lag_watch = subprocess.Popen(
            [PORTAL_COMMAND, "lag", "--watch", "--json"],
            env={**os.environ, **self.env},
            stdin=subprocess.DEVNULL,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            process_group=self._process_group,
        )
        deadline = time.monotonic() + READY_TIMEOUT_S
        try:
            for line in lag_watch.stdout or ():
                lag = json.loads(line)
                if lag["records"] == 0 and lag["state"] == "ok":
                    return
                self.check_running()
                if time.monotonic() > deadline:
                    raise RunFailed(
                        f"the read models lag by {lag['records']} records:\n{self._log_tail('project')}"
                    )
            raise RunFailed("`portal lag` ended")
        finally:
            lag_watch.kill()
            lag_watch.wait()

    def wait_until_ready(self) -> None:
        """Wait until the portal answers requests. Raises RunFailed."""
        deadline = time.monotonic() + READY_TIMEOUT_S
        with httpx.Client(trust_env=False, timeout=5) as client:
            while True:
                with contextlib.suppress(httpx.TransportError):
                    if client.get(f"{self.url}/-/health/ready").is_success:
                        return
                self.check_running()
                if time.monotonic() > deadline:
                    raise RunFailed(f"`portal serve` is not ready:\n{self._log_tail('serve')}")
                time.sleep(READY_POLL_INTERVAL_S)

    def register_stripe_webhook(self) -> None:
        """Have the stand-in for Stripe send its events to the portal."""
        webhook = {"webhook_url": f"{self.url}/-/webhooks/stripe"}
        control = f"{self.env['LOCAL_STRIPE_CONTROL']}/control"
        httpx.post(control, json=webhook, trust_env=False, timeout=10).raise_for_status()

    def _log_path(self, command: str) -> Path:
        return self._logs / f"portal-{command}.log"

    def _log_tail(self, command: str) -> str:
        return "\n".join(self._log_path(command).read_text(errors="replace").splitlines()[-LOG_TAIL_LINES:])
