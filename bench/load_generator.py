"""Requests over so many connections as fast as answers come, with little work for each."""

import asyncio
import re
import time
from collections.abc import Sequence
from itertools import cycle
from typing import NamedTuple, cast
from urllib.parse import urlsplit

LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
END = b"\r\n\r\n"


class HttpResponse(NamedTuple):
    """An answer as it came."""

    head: bytes
    body: bytes


class Connection(asyncio.Protocol):
    """One connection, which asks for the next as soon as it has an answer; anything but a 200 ends it."""

    def __init__(self, requests: Sequence[bytes]) -> None:
        self._requests = cycle(requests)
        self._waiting = bytearray()
        self._transport: asyncio.Transport | None = None
        self.answers = 0
        self.last: HttpResponse | None = None
        self.failed: asyncio.Future[None] = asyncio.get_running_loop().create_future()

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Ask for the first."""
        self._transport = cast("asyncio.Transport", transport)
        self._transport.write(next(self._requests))

    def data_received(self, data: bytes) -> None:
        """Ask for the next when the answer is whole."""
        self._waiting += data
        end = self._waiting.find(END)
        if end < 0:
            return
        length = LENGTH.search(self._waiting, 0, end)
        if not self._waiting.startswith(b"HTTP/1.1 200") or length is None:
            self._fail(f"not answered: {bytes(self._waiting[:200])!r}")
            return
        whole = end + len(END) + int(length[1])
        if len(self._waiting) < whole:
            return
        if self.last is None:
            self.last = HttpResponse(bytes(self._waiting[:end]), bytes(self._waiting[end + len(END) : whole]))
        del self._waiting[:whole]
        self.answers += 1
        if self._transport is not None:
            self._transport.write(next(self._requests))

    def connection_lost(self, exc: Exception | None) -> None:
        """Nothing more comes."""
        self._fail("the connection was closed")

    def close(self) -> None:
        """End it."""
        if self._transport is not None:
            self._transport.close()
            self._transport = None

    def _fail(self, why: str) -> None:
        if self._transport is not None and not self.failed.done():
            self.failed.set_exception(ConnectionError(why))


class LoadGenerator:
    """Requests to one server; those of each connection are others."""

    def __init__(self, url: str, requests: Sequence[bytes], connections: int) -> None:
        address = urlsplit(url)
        self._host, self._port = address.hostname or "", address.port or 80
        self._parts = [requests[number::connections] for number in range(connections)]

    async def run(self, seconds: float) -> float:
        """Answer a second. Raises ConnectionError for anything but answers."""
        connections = await self._connected()
        try:
            begun, before = time.perf_counter(), sum(one.answers for one in connections)
            await asyncio.wait([one.failed for one in connections], timeout=seconds)
            took, answers = time.perf_counter() - begun, sum(one.answers for one in connections) - before
            for one in connections:
                if one.failed.done():
                    one.failed.result()
            return answers / took
        finally:
            for one in connections:
                one.close()

    async def once(self) -> HttpResponse:
        """Return the first answer."""
        (connection,) = await self._connected()
        try:
            while connection.last is None:
                await asyncio.wait([connection.failed], timeout=0.01)
                if connection.failed.done():
                    connection.failed.result()
            return connection.last
        finally:
            connection.close()

    async def _connected(self) -> list[Connection]:
        loop = asyncio.get_running_loop()
        made = [
            await loop.create_connection(lambda part=part: Connection(part), self._host, self._port)  # type: ignore[misc]
            for part in self._parts
        ]
        return [protocol for _, protocol in made]
