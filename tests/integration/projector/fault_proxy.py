"""A wire to MongoDB that breaks when told to: before a command reaches the server, or before its answer comes back."""

import asyncio
import contextlib
from types import TracebackType
from typing import NamedTuple, Self
from urllib.parse import urlsplit

from projectors.concurrency import cancel_and_wait

HEADER_BYTES = 16
NAME_AT = HEADER_BYTES + 4 + 1 + 4 + 1
"""Where a message names its command: behind header, flags, the section's kind, the document's length, a type."""
OF_THE_DRIVER = (b"hello\0", b"ismaster\0", b"isMaster\0", b"ping\0", b"endSessions\0")


class Fault(NamedTuple):
    """What is to go wrong: the next `times` commands after the next `after`, their answers only when `late`."""

    after: int
    times: int
    late: bool


class FaultProxy:
    """Stands between a driver and its server; `async with` it. `url` is to be used in place of the server's."""

    def __init__(self, url: str) -> None:
        """`url` is that of a primary."""
        self._server = urlsplit(url)
        self._planned: Fault | None = None
        self._listener: asyncio.Server | None = None
        self._connections: set[asyncio.Task[None]] = set()
        self.commands: list[str] = []
        """Names of those that came since the last plan."""
        self.broken = 0
        """How many commands went wrong since then."""

    @property
    def url(self) -> str:
        """Leads through the wire, and nowhere beside it.

        A driver that is streamed to notices only after half a second that it has to look whether the server is there.
        """
        assert self._listener
        port = self._listener.sockets[0].getsockname()[1]
        return f"mongodb://127.0.0.1:{port}/?directConnection=true&serverMonitoringMode=poll"

    def plan(self, planned: Fault | None) -> None:
        """What happens to the commands from now on."""
        self._planned, self.commands, self.broken = planned, [], 0

    async def __aenter__(self) -> Self:
        self._listener = await asyncio.start_server(self._connected, "127.0.0.1", 0)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        assert self._listener
        self._listener.close()
        for connection in self._connections:
            connection.cancel()
        await asyncio.gather(*self._connections, return_exceptions=True)

    async def _connected(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task
        self._connections.add(task)
        try:
            there = await asyncio.open_connection(self._server.hostname, self._server.port)
            back = asyncio.create_task(_pass_on(there[0], writer))
            try:
                await self._pass_commands(reader, there, back)
            finally:
                back.cancel()
                there[1].close()
        except (asyncio.IncompleteReadError, ConnectionError):
            writer.close()  # one side has gone
        finally:
            writer.close()
            self._connections.discard(task)

    async def _pass_commands(
        self,
        reader: asyncio.StreamReader,
        there: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        back: asyncio.Task[None],
    ) -> None:
        answers, server = there
        while True:
            message = await _message(reader)
            fault = self._fault(message)
            if fault is not None and not fault.late:
                return
            if fault is not None:
                await cancel_and_wait(back)  # the server is told, and its answer reaches nobody
            server.write(message)
            await server.drain()
            if fault is not None:
                await _message(answers)  # it is done with it by then
                return

    def _fault(self, message: bytes) -> Fault | None:
        name = message[NAME_AT : NAME_AT + 40]
        if name.startswith(OF_THE_DRIVER):
            return None
        self.commands.append(name.partition(b"\0")[0].decode())
        planned = self._planned
        if planned is None or not planned.after < len(self.commands) <= planned.after + planned.times:
            return None
        self.broken += 1
        return planned


async def _message(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(HEADER_BYTES)
    return header + await reader.readexactly(int.from_bytes(header[:4], "little") - HEADER_BYTES)


async def _pass_on(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    with contextlib.suppress(ConnectionError):
        while data := await reader.read(65536):
            writer.write(data)
            await writer.drain()
