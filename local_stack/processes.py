"""Child processes that never outlive the stack, and ports that stay theirs."""

import os
import random
import socket
import subprocess
import sys
from pathlib import Path
from typing import IO

from local_stack.errors import StackError

PACKAGE = Path(__file__).parent
REAPER = PACKAGE / "reaper.py"
STDERR = 2
# Below the range from which the kernel takes ports for outgoing connections: a server that was killed finds
# its port free when it comes back.
PORTS = range(20000, 32768)


def spawn(
    command: list[str], log: Path | None, group: int, environment: dict[str, str] | None = None
) -> subprocess.Popen[bytes]:
    """Start a child that the kernel kills when this thread ends: call it from the main thread only.

    It joins process group `group`, where the reaper finds it and Ctrl-C at the terminal does not: the stack
    stops it in good order. Its output is appended to `log`; without one it goes to stderr, since stdout is
    for settings.
    """
    # Children that are modules of this package find it, whatever folder they and we were started in.
    path = os.pathsep.join(filter(None, (str(PACKAGE.parent), os.environ.get("PYTHONPATH"))))
    output: IO[bytes] | int = log.open("ab") if log else STDERR
    try:
        return subprocess.Popen(
            ["setpriv", "--pdeathsig", "KILL", "--", *command],
            stdin=subprocess.DEVNULL,
            stdout=output,
            stderr=output,
            env={**os.environ, "PYTHONPATH": path, **(environment or {})},
            process_group=group,
        )
    finally:
        if not isinstance(output, int):
            output.close()


class Reaper:
    """The process that cleans up after the stack, whatever becomes of the stack; see reaper.py."""

    def __init__(self, remove: Path | None = None, lock: int | None = None) -> None:
        """Start it. `remove` is a folder that goes at the end, `lock` a locked file that it holds until then."""
        self._process = subprocess.Popen(
            [sys.executable, "-ISs", str(REAPER), *([str(remove)] if remove else [])],
            stdin=subprocess.PIPE,
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
            process_group=0,
            pass_fds=() if lock is None else (lock,),
        )
        self.group = self._process.pid

    def release(self) -> None:
        """Let it do its work and wait until that is done."""
        self._process.communicate()


class Ports:
    """Free ports of 127.0.0.1, no two stacks' the same."""

    def __init__(self) -> None:
        """Hold no port yet."""
        self._claims: list[socket.socket] = []

    def take(self, wanted: int | None = None) -> int:
        """Return a port for this stack: the wanted one if it is free, else another."""
        candidates = random.sample(PORTS, 100)
        for port in [wanted, *candidates] if wanted else candidates:
            if self._claim(port):
                return port
        raise StackError("no free port found on 127.0.0.1")

    def _claim(self, port: int) -> bool:
        # A name in the kernel's abstract namespace: it keeps other stacks away while nothing listens yet, or
        # while a killed server is down, leaves no file and goes with this process.
        claim = socket.socket(socket.AF_UNIX)
        try:
            claim.bind(f"\0local_stack port {port}")
            with socket.socket() as probe:
                probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
                probe.bind(("127.0.0.1", port))
        except OSError:
            claim.close()
            return False
        self._claims.append(claim)
        return True

    def release(self) -> None:
        """Give all of them back."""
        for claim in self._claims:
            claim.close()
