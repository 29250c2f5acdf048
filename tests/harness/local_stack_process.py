"""Local stacks in processes of their own, to be ended in every way there is."""

import contextlib
import signal
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from urllib.parse import unquote, urlsplit

import pytest

import local_stack

ROOT = Path(local_stack.__file__).parents[1]
COMMAND = (sys.executable, "-m", "local_stack")
Env = dict[str, str]


class Running:
    """A stack in a process of its own."""

    def __init__(self, *arguments: str) -> None:
        self.process = subprocess.Popen([*COMMAND, *arguments], cwd=ROOT, stdout=subprocess.PIPE, text=True)
        assert self.process.stdout is not None
        self.env: Env = {}
        for line in self.process.stdout:
            if line == "ready\n":
                break
            name, _, value = line.rstrip("\n").partition("=")
            self.env[name] = value
        else:
            pytest.fail(f"the stack ended with {self.process.wait()}")
        self.state = Path(unquote(urlsplit(self.env["PORTAL_MEDIA_URL"]).path)).parent

    def end(self, number: signal.Signals) -> int:
        self.process.send_signal(number)
        self.process.communicate()
        return self.process.returncode


@contextlib.contextmanager
def running(*arguments: str) -> Iterator[Running]:
    stack = Running(*arguments)
    try:
        yield stack
    finally:
        if stack.process.poll() is None:
            stack.end(signal.SIGTERM)


def processes_of(state: Path) -> list[str]:
    """The command lines of living processes that have to do with a state folder."""
    found = []
    for process in Path("/proc").glob("[0-9]*"):
        with contextlib.suppress(OSError):
            command = (process / "cmdline").read_bytes()
            if str(state).encode() in command + (process / "environ").read_bytes():
                found.append(command.replace(b"\0", b" ").decode())
    return found


def gone(state: Path) -> bool:
    return not state.exists() and not processes_of(state)


def eventually(true: Callable[[], bool]) -> bool:
    """Whether it becomes true; the limit only ends a test that has failed."""
    deadline = time.monotonic() + 60
    while not (result := true()) and time.monotonic() < deadline:
        time.sleep(0.05)
    return result


@contextlib.contextmanager
def somebody_else_at(port: int) -> Iterator[None]:
    """A server that hangs up on whoever calls."""

    class Server(socketserver.TCPServer):
        allow_reuse_address = True

    def taken() -> bool:
        # The server that was killed may need a moment to let go of it.
        with contextlib.suppress(OSError):
            servers.append(Server(("127.0.0.1", port), socketserver.BaseRequestHandler))
        return bool(servers)

    servers: list[Server] = []
    assert eventually(taken)
    with servers[0] as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield
        server.shutdown()


def restart(name: str, state: Path) -> int:
    done = subprocess.run(
        [*COMMAND, "restart", name, "--state", str(state)],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=True,
    )
    return int(done.stdout.removeprefix(f"LOCAL_{name.upper()}_PID="))
