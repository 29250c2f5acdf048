"""Sign-in over several processes that come and go: they share every count, and lose nothing."""

import asyncio
import time
from collections.abc import AsyncIterator

import httpx
import pytest

from local_stack.stack import Stack
from query_api.services import services_in
from tests.harness.portal_installation import Installation, Installations, Process
from tests.integration.harness.customer_surface import CustomerSurfaceHarness


@pytest.fixture
async def surface(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CustomerSurfaceHarness]:
    """Views and records; its own mailer stays idle, as it sees no views."""
    async with CustomerSurfaceHarness(stack.env) as one:
        await one.publish("business.registered")
        monkeypatch.setattr(services_in(one.app).reads, "ready", lambda: False)
        yield one


class Visitor(httpx.AsyncClient):
    """A browser at a process: like browsers, it sends `Secure` cookies over http to loopback."""

    def __init__(self, url: str, cookies: dict[str, str] | None = None) -> None:
        super().__init__(base_url=url, headers={"Origin": url}, trust_env=False)
        self.kept = cookies if cookies is not None else {}

    async def say(self, method: str, path: str, **body: str) -> httpx.Response:
        cookie = {"Cookie": "; ".join(f"{name}={value}" for name, value in self.kept.items())}
        answer = await self.request(method, f"/blue/api/{path}", headers=cookie, json=body or None)
        for line in answer.headers.get_list("set-cookie"):
            name, _, value = line.partition(";")[0].partition("=")
            self.kept[name] = value
        return answer


async def started(
    surface: CustomerSurfaceHarness, installation: Installations
) -> tuple[Installation, Process]:
    one = await installation(
        PORTAL_MONGO_DATABASE=surface.config.mongo_database, PORTAL_SECRET_KEY=surface.config.secret_keys[0]
    )
    process = one.start("serve")
    await one.answers("/-/health/ready")
    return one, process


async def test_a_restart_in_the_middle_of_a_sign_in_loses_nothing(
    surface: CustomerSurfaceHarness, installation: Installations
) -> None:
    email = await surface.create_customer()
    one, process = await started(surface, installation)
    visitor = Visitor(one.env["PORTAL_PUBLIC_URL"])

    assert (await visitor.say("POST", "sign-in", email=email)).status_code == 202
    assert await process.stop() == 0
    one.start("serve")
    await one.answers("/-/health/ready")
    (mail,) = await surface.mails(email)
    entered = await visitor.say("POST", "session", email=email, code=mail.code)

    assert entered.status_code == 201
    assert (await visitor.say("GET", "portal")).status_code == 200
    await surface.dealt_with(email)
    assert len(await surface.mails(email)) == 1
    await visitor.aclose()


async def test_processes_count_together_and_end_sessions_for_each_other(
    surface: CustomerSurfaceHarness, installation: Installations
) -> None:
    email = await surface.create_customer()
    (first, _), (second, _) = [await started(surface, installation) for _ in range(2)]
    kept: dict[str, str] = {}
    here, there = (Visitor(one.env["PORTAL_PUBLIC_URL"], kept) for one in (first, second))

    assert (await here.say("POST", "sign-in", email=email)).status_code == 202
    (mail,) = await surface.mails(email)
    assert (await there.say("POST", "session", email=email, code=mail.code)).status_code == 201
    assert [(await side.say("GET", "portal")).status_code for side in (here, there)] == [200, 200]

    gone = dict(kept)
    assert (await here.say("DELETE", "session")).status_code == 204
    there.kept = gone
    deadline = time.monotonic() + 1.0
    while (await there.say("GET", "portal")).status_code == 200:
        assert time.monotonic() < deadline
        await asyncio.sleep(0.05)

    there.kept = kept
    codes = [await side.say("POST", "session", email=email, code="x") for side in (here, there) * 4]
    assert [answer.status_code for answer in codes] == [401] * 5 + [429] * 3
    await here.aclose()
    await there.aclose()
