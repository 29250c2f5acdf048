"""The staff surface of an installation, in this process, with two operators: eve and bob."""

from collections.abc import AsyncIterator, Sequence
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from typing import Any, Self, cast

import httpx
from litestar import Litestar

from projectors.installation import Installation
from projectors.staff.app import create_app
from projectors.staff.config import StaffConfig
from projectors.staff.operators import Operators
from tests.integration.harness.customer_surface import running

EVE, BOB = "e" * 32, "b" * 32
URL = "https://staff.test"
REBUILD = ("/bin/sh", "-c", "exec sleep 60")


class StaffHarness:
    """The surface. Its `app`'s lifespan is that of `async with staff.running()`."""

    def __init__(
        self, where: Installation, tokens: str = f"eve:{EVE},bob:{BOB}", rebuild: Sequence[str] = REBUILD
    ) -> None:
        """`rebuild` is the command of a rebuild."""
        self.ahead = timedelta()
        self.app: Litestar = create_app(
            StaffConfig(where, Operators.read(tokens), True, rebuild), lambda: datetime.now(UTC) + self.ahead
        )

    @asynccontextmanager
    async def running(self) -> AsyncIterator[Self]:
        """Runs it."""
        async with running(self.app):
            yield self

    def client(self, token: str | None = None, ip: str = "198.51.100.1", **headers: str) -> httpx.AsyncClient:
        """Somebody with a bearer token, or nobody."""
        transport = httpx.ASGITransport(cast("Any", self.app), client=(ip, 40000))
        bearer = {"Authorization": f"Bearer {token}"} if token else {}
        return httpx.AsyncClient(transport=transport, base_url=URL, headers={**bearer, **headers}, timeout=60)

    async def browser(self, token: str = EVE) -> httpx.AsyncClient:
        """A browser that is signed in."""
        client = self.client(Origin=URL)
        answer = await client.post("/sign-in", data={"token": token})
        assert (answer.status_code, answer.headers["Location"]) == (303, "/")
        return client

    async def audit(self) -> list[tuple[str, str, str, str | None]]:
        """What the audit holds, the first first."""
        items = (await self.client(EVE, ip="192.0.2.1").get("/api/audit")).json()["items"]
        return [(one["by"], one["action"], one["about"], one["detail"]) for one in reversed(items)]
