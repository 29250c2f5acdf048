"""A customer who is signed in and looks at the dashboard, with little work for each look."""

import asyncio
import re
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

import httpx

LOOK_EVERY_S = 0.001
MAIL_WITHIN_S = 30.0


class PortalClient:
    """One connection that is kept open, as an async context manager."""

    def __init__(self, url: str, slug: str, cookie: str) -> None:
        """`url` is the portal's, `cookie` what the browser sends."""
        self._address = urlsplit(url)
        self._request = (
            f"GET /{slug}/api/portal HTTP/1.1\r\nHost: {self._address.netloc}\r\nCookie: {cookie}\r\n\r\n"
        ).encode()

    async def __aenter__(self) -> Self:
        """Connect."""
        self._reader, self._writer = await asyncio.open_connection(self._address.hostname, self._address.port)
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Close the connection."""
        self._writer.close()
        await self._writer.wait_closed()

    async def dashboard(self) -> bytes:
        """Return the dashboard, as it is served; raises ValueError when it is not."""
        self._writer.write(self._request)
        head = (await self._reader.readuntil(b"\r\n\r\n")).lower()
        length = re.search(rb"\r\ncontent-length: (\d+)", head)
        if not head.startswith(b"http/1.1 200") or length is None:
            raise ValueError(f"no dashboard: {head[:100]!r}")
        return await self._reader.readexactly(int(length[1]))

    async def sees(self, text: bytes) -> None:
        """Return when it stands on the dashboard."""
        while True:
            if text in await self.dashboard():
                return
            await asyncio.sleep(LOOK_EVERY_S)


async def sign_in(url: str, mail_api: str, slug: str, email: str) -> PortalClient:
    """Sign a customer in with a mailed code."""
    portal = f"{url}/{slug}/api"
    async with httpx.AsyncClient(trust_env=False, headers={"Origin": url}) as client:
        asked = await client.post(f"{portal}/sign-in", json={"email": email})
        asked.raise_for_status()
        code = await _code(client, mail_api, email)
        # By hand: httpx keeps `Secure` cookies from http, which browsers do not on loopback.
        entered = await client.post(
            f"{portal}/session", json={"email": email, "code": code}, headers={"Cookie": _cookies(asked)}
        )
        entered.raise_for_status()
        return PortalClient(url, slug, _cookies(entered))


def _cookies(answer: httpx.Response) -> str:
    return "; ".join(cookie.split(";")[0] for cookie in answer.headers.get_list("set-cookie"))


async def _code(client: httpx.AsyncClient, mail_api: str, email: str) -> str:
    async with asyncio.timeout(MAIL_WITHIN_S):
        while True:
            found = await client.get(f"{mail_api}/api/v1/search", params={"query": f'to:"{email}"'})
            if messages := found.json()["messages"]:
                mail = await client.get(f"{mail_api}/api/v1/message/{messages[0]['ID']}")
                if code := re.search(r"\d{6}", mail.json()["Text"]):
                    return code[0]
            await asyncio.sleep(0.1)
