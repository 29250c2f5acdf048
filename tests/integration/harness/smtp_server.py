"""An SMTP server that does what it is told, for what a mailbox that works never does."""

import asyncio
from types import TracebackType
from typing import Self

DROP = "drop"
"""In place of a reply: the connection is lost."""


class SmtpServer:
    """Answers each command by its verb; `replies` differ from what a kind server says. `async with` it."""

    def __init__(self) -> None:
        self.replies: dict[str, str] = {}
        self.mails: list[str] = []
        """What was given whole, whether or not it was taken."""
        self.connections = 0
        self.hurry = asyncio.Event()
        """Until it is set, a mail that was given waits for its reply."""
        self.hurry.set()

    async def __aenter__(self) -> Self:
        self._server = await asyncio.start_server(self._serve, "127.0.0.1")
        host, port = self._server.sockets[0].getsockname()
        self.url = f"smtp://{host}:{port}"
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.close()
        await self._server.wait_closed()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        writer.write(b"220 here\r\n")
        while line := await reader.readline():
            verb = line.decode().split()[0].upper()
            if verb == "DATA" and "DATA" not in self.replies:
                writer.write(b"354 go on\r\n")
                self.mails.append((await reader.readuntil(b"\r\n.\r\n")).decode())
                verb = "."
                await self.hurry.wait()
            reply = self.replies.get(verb, "250 fine")
            if reply == DROP:
                break
            writer.write(f"{reply}\r\n".encode())
            if verb == "QUIT":
                break
        writer.close()
