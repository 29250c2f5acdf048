"""Base class of the stack's servers: start, wait until ready, stop."""

import http.client
import signal
import subprocess
import time
from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar

from local_stack.errors import StackError
from local_stack.processes import spawn

READY_WITHIN_S = 120.0
STOP_WITHIN_S = 10.0


@dataclass(frozen=True)
class ServerContext:
    """Context of one stack's servers: folder, programs by part, ports by name, process group, secrets, ids."""

    state: Path
    programs: Mapping[str, Path]
    ports: Mapping[str, int]
    group: int
    secrets: Mapping[str, str]
    cluster_id: str

    def address(self, port: str) -> str:
        """`host:port` of a port by its name."""
        return f"127.0.0.1:{self.ports[port]}"


class Server(ABC):
    """A child process with a log. `start`, then `wait_ready`; both again after it ended."""

    name: ClassVar[str]
    ports: ClassVar[tuple[str, ...]]

    def __init__(self, place: ServerContext) -> None:
        """Nothing runs yet."""
        self.place = place
        self.process: subprocess.Popen[bytes] | None = None
        self.log = place.state / "logs" / f"{self.name}.log"
        self.data = place.state / self.name
        self._log_begin = 0

    @abstractmethod
    def command(self) -> list[str]:
        """Return the program and its arguments."""

    @abstractmethod
    def is_ready(self) -> bool:
        """Return whether the server does its work by now."""

    def prepare(self) -> None:
        """Begin what has to be done before the first start, and return at once; `start` waits for it."""
        self.data.mkdir(exist_ok=True)

    def start(self) -> None:
        """Start the process and return at once."""
        self._log_begin = self.log.stat().st_size if self.log.exists() else 0
        self.process = self._spawn(self.command())

    def wait_ready(self) -> None:
        """Return when the server is ready; raises `StackError` with the end of its log when it ends before."""
        deadline = time.monotonic() + READY_WITHIN_S
        while not self.is_ready():
            if not self.alive():
                raise StackError(f"{self.name} ended while starting; {self.log} ends:\n{self._tail()}")
            if time.monotonic() > deadline:
                raise StackError(
                    f"{self.name} is not ready after {READY_WITHIN_S:.0f} s; {self.log} ends:\n{self._tail()}"
                )
            time.sleep(0.03)

    def alive(self) -> bool:
        """Return whether the process runs; reaps it if it has ended."""
        return self.process is not None and self.process.poll() is None

    def pid(self) -> int:
        """Return the number of the process last started."""
        if self.process is None:
            raise StackError(f"{self.name} was not started")
        return self.process.pid

    def signal(self, number: signal.Signals) -> None:
        """Send a signal if the process runs."""
        if self.process is not None and self.alive():
            self.process.send_signal(number)

    def stop(self) -> None:
        """Wait for the end of a process that was told to stop, and kills it when that takes too long."""
        if self.process is not None:
            try:
                self.process.wait(STOP_WITHIN_S)
            except subprocess.TimeoutExpired:
                self.process.kill()
                self.process.wait()

    def _spawn(self, command: list[str]) -> subprocess.Popen[bytes]:
        temporary = self.place.state / "tmp"
        return spawn(command, self.log, self.place.group, {"TMPDIR": str(temporary)})

    def _output(self) -> str:
        """Return what it has logged since it was last started."""
        with self.log.open("rb") as log:
            log.seek(self._log_begin)
            return log.read().decode(errors="replace")

    def _tail(self) -> str:
        return "\n".join(self._output().splitlines()[-15:])


class HttpServer(Server):
    """A server that is ready as soon as it answers a request."""

    health: ClassVar[str] = "/"

    def is_ready(self) -> bool:
        """Return whether it answers, whatever it says."""
        # Not through a proxy that the environment may name.
        connection = http.client.HTTPConnection(self.place.address(self.ports[0]), timeout=1)
        try:
            connection.request("GET", self.health)
            connection.getresponse().read()
        except (OSError, http.client.HTTPException):
            return False
        finally:
            connection.close()
        return True
