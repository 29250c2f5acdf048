"""The running stack: its state folder, its servers, and the door through which `restart` asks for one."""

import base64
import contextlib
import fcntl
import hashlib
import json
import secrets
import select
import signal
import socket
import sys
import tempfile
import uuid
from pathlib import Path
from types import TracebackType
from typing import Self

from local_stack import downloads
from local_stack.errors import StackError
from local_stack.http_servers import Mailpit, PaymentPageServer, StripeMock
from local_stack.kafka import Kafka
from local_stack.mongo import REPLICA_SET, Mongo
from local_stack.processes import Ports, Reaper
from local_stack.server import Server, ServerContext

# In the order in which they are started. Kafka waits for its preparation, during which the others come up.
SERVERS: tuple[type[Server], ...] = (Mongo, Mailpit, StripeMock, PaymentPageServer, Kafka)
RESTARTABLE = ("kafka", "mongo")


class Stack:
    """All servers in one state folder, as a context manager: `with Stack() as stack: stack.env`.

    Make and enter it in the main thread: its servers are killed when the thread that started them ends.
    """

    def __init__(self, state: Path | None = None) -> None:
        """Use `folder`; a temporary one, which is removed at the end, when none is named."""
        self.temporary = state is None
        self.state = (state or Path(tempfile.gettempdir()) / f"local-stack-{secrets.token_hex(8)}").absolute()
        self.servers: dict[str, Server] = {}
        self.env: dict[str, str] = {}
        self._reaper: Reaper | None = None
        self._door: socket.socket | None = None
        self._ports = Ports()

    def __enter__(self) -> Self:
        """Start it, and leave nothing behind when that fails."""
        try:
            self.start()
        except BaseException:
            self.close()
            raise
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Stop it."""
        self.close()

    def start(self) -> None:
        """Start all servers and return when all are ready; `env` is filled then.

        Raises `StackError` when a tool is missing, a server does not start, or a stack already runs in the folder.
        """
        self._reaper = self._begin_temporary() if self.temporary else self._begin_kept()
        programs = downloads.ensure(self._reaper.group)
        for name in ("logs", "tmp", "media", "cache"):
            (self.state / name).mkdir(exist_ok=True)
        place = self._settle(programs)
        self.servers = {server.name: server(place) for server in SERVERS}
        for server in self.servers.values():
            server.prepare()
        for server in self.servers.values():
            server.start()
        for server in self.servers.values():
            server.wait_ready()
        self.env = self._environment(place)

    def restart(self, name: str) -> int:
        """Bring `kafka` or `mongo` back on its port with its data, stopping it first if it runs; its new pid."""
        if name not in RESTARTABLE:
            raise StackError(f"cannot restart {name!r}; one of {', '.join(RESTARTABLE)}")
        server = self.servers[name]
        server.signal(signal.SIGTERM)
        server.stop()
        server.start()
        server.wait_ready()
        self.env[f"LOCAL_{name.upper()}_PID"] = str(server.pid())
        return server.pid()

    def kill(self, name: str) -> None:
        """End a server with SIGKILL, as tests like to."""
        self.servers[name].signal(signal.SIGKILL)
        self.servers[name].stop()

    def serve(self) -> None:
        """Answer `restart` and says when a server ended, until an exception ends it (a signal, say)."""
        if self._door is None:
            raise StackError("the stack was not started")
        running = set(self.servers)
        while True:
            if select.select([self._door], [], [], 0.2)[0]:
                self._answer(self._door)
            alive = {name for name, server in self.servers.items() if server.alive()}
            for name in sorted(running - alive):
                print(f"local_stack: {name} ended", file=sys.stderr, flush=True)
            running = alive

    def close(self) -> None:
        """End the servers, in good order if their data stays, and remove a temporary folder."""
        for server in self.servers.values():
            server.signal(signal.SIGKILL if self.temporary else signal.SIGTERM)
        for server in self.servers.values():
            server.stop()
        if self._reaper is not None:
            self._reaper.release()
        if self._door is not None:
            self._door.close()
        self._ports.release()

    def _begin_temporary(self) -> Reaper:
        # The reaper comes before the folder that it removes: there is no moment in which a kill leaves one.
        reaper = Reaper(remove=self.state)
        self.state.mkdir(mode=0o700)
        self._door = _listen(self.state)
        return reaper

    def _begin_kept(self) -> Reaper:
        self.state.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._door = _listen(self.state)
        with (self.state / "lock").open("w") as lock:
            # The reaper of a stack that was killed a moment ago holds it until the old servers are gone.
            fcntl.flock(lock, fcntl.LOCK_EX)
            return Reaper(lock=lock.fileno())

    def _answer(self, door: socket.socket) -> None:
        with contextlib.suppress(OSError), door.accept()[0] as caller:
            caller.settimeout(5)
            try:
                answer = f"ok {self.restart(caller.recv(100).decode().strip())}"
            except StackError as error:
                answer = str(error)
            caller.sendall(answer.encode())

    def _settle(self, programs: downloads.Programs) -> ServerContext:
        """Return what stays the same when a state is started again: keys, cluster id, and ports as far as they are
        free."""
        memory = self.state / "stack.json"
        known = json.loads(memory.read_text()) if memory.exists() else {}
        wanted = known.get("ports", {})
        names = [port for server in SERVERS for port in server.ports]
        ports = {name: self._ports.take(wanted.get(name)) for name in names}
        keys = known.get("secrets") or {
            "PORTAL_STRIPE_API_KEY": f"sk_test_{secrets.token_hex(16)}",
            "PORTAL_STRIPE_WEBHOOK_SECRET": f"whsec_{secrets.token_hex(16)}",
            "PORTAL_SECRET_KEY": secrets.token_hex(32),
            "PORTAL_STAFF_TOKEN": f"dev:{secrets.token_hex(16)}",
        }
        cluster_id = known.get("cluster_id") or _cluster_id()
        unfinished = self.state / "stack.json.new"
        unfinished.touch(mode=0o600)
        unfinished.write_text(
            json.dumps({"ports": ports, "secrets": keys, "cluster_id": cluster_id}, indent=1)
        )
        unfinished.replace(memory)
        group = self._reaper.group if self._reaper else 0
        return ServerContext(self.state, programs, ports, group, keys, cluster_id)

    def _environment(self, place: ServerContext) -> dict[str, str]:
        page = f"http://{place.address('payment_page')}"
        return {
            "PORTAL_KAFKA_BOOTSTRAP": place.address("kafka"),
            "PORTAL_MONGO_URL": f"mongodb://{place.address('mongo')}/?replicaSet={REPLICA_SET}",
            "PORTAL_MONGO_DATABASE": "portal",
            "PORTAL_SMTP_URL": f"smtp://{place.address('smtp')}",
            "PORTAL_MEDIA_URL": (self.state / "media").as_uri(),
            "PORTAL_CACHE_URL": (self.state / "cache").as_uri(),
            "PORTAL_STRIPE_API_BASE": page,
            **place.secrets,
            "PORTAL_TOPIC_PREFIX": "servicehub.",
            "LOCAL_MAIL_API": f"http://{place.address('mail')}",
            "LOCAL_STRIPE_CONTROL": page,
            "LOCAL_KAFKA_PID": str(self.servers[Kafka.name].pid()),
            "LOCAL_MONGO_PID": str(self.servers[Mongo.name].pid()),
        }


def ask_restart(name: str, state: Path) -> int:
    """Have the stack that runs in `state` restart a server; its new pid. Raises `StackError` when that fails."""
    with socket.socket(socket.AF_UNIX) as caller:
        try:
            caller.connect(_door_name(state))
        except OSError as error:
            raise StackError(
                f"no stack runs in {state}; start one: python -m local_stack --state {state}"
            ) from error
        caller.sendall(name.encode())
        answer = b"".join(iter(lambda: caller.recv(4096), b"")).decode()
    word, _, pid = answer.partition(" ")
    if word != "ok":
        raise StackError(answer or "the stack ended while it restarted the server")
    return int(pid)


def _listen(state: Path) -> socket.socket:
    door = socket.socket(socket.AF_UNIX)
    try:
        door.bind(_door_name(state))
    except OSError as error:
        door.close()
        raise StackError(f"a stack already runs in {state}") from error
    door.listen()
    return door


def _door_name(state: Path) -> str:
    # In the kernel's abstract namespace: no limit on the folder's length, no file that outlives a killed stack.
    # The same name keeps a second stack out of the folder.
    return "\0local_stack state " + hashlib.sha256(str(state.resolve()).encode()).hexdigest()


def _cluster_id() -> str:
    # As Kafka writes its ids; one that begins with a dash would look like an option.
    while (text := base64.urlsafe_b64encode(uuid.uuid4().bytes).decode().rstrip("=")).startswith("-"):
        pass
    return text
