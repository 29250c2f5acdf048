"""Random requests on every route (100,000 in `make soak`): not one answer holds a byte that is somebody else's."""

import asyncio
from collections.abc import AsyncIterator

import httpx
import pytest

from local_stack.stack import Stack
from tests.harness.portal_installation import Installations
from tests.integration.security.random_requests import Asking, Probe, RandomRequester, Route, routes_of
from tests.integration.security.two_tenants import (
    BUSINESSES,
    CUSTOMERS,
    PEOPLE,
    Answer,
    TwoTenants,
    ask,
    cookie,
)
from tests.support.soak import of_run

PROBES, SHARDS = of_run(soak=(100_000, 8), check=(4_000, 4))
"""How often is asked, and in how many tests, which run side by side."""

AT_ONCE = 16
OVER_THE_WIRE = of_run(soak=3_000, check=400)


@pytest.fixture(scope="module")
async def world(stack: Stack) -> AsyncIterator[TwoTenants]:
    async with TwoTenants(stack.env) as one:
        await one.happen()
        yield one


@pytest.fixture
async def served(stack: Stack) -> AsyncIterator[TwoTenants]:
    """One that ends with the installation that serves it."""
    async with TwoTenants(stack.env) as one:
        await one.happen()
        yield one


async def probed(prober: RandomRequester, count: int, asked: Asking) -> None:
    """Asks so often, several at once, and judges every answer."""
    left = iter(range(count))

    async def go_on() -> None:
        for _ in left:
            probe = await prober.probe()
            prober.judge(probe, await asked(probe))

    async with asyncio.TaskGroup() as group:
        for _ in range(AT_ONCE):
            group.create_task(go_on())


@pytest.mark.parametrize("shard", range(SHARDS))
async def test_nobody_gets_a_byte_that_is_somebody_elses(world: TwoTenants, shard: int) -> None:
    """Signed in as others, as somebody of the other business, with half a cookie, and not at all."""
    prober = RandomRequester(world, shard)

    async def asked(probe: Probe) -> Answer:
        return await ask(world.app, probe.route.method, probe.path, probe.query, probe.headers, probe.body)

    await probed(prober, PROBES // SHARDS, asked)

    assert prober.asked == set(prober.routes)
    everybody = {(person.business[-1], person.customer[-1]) for person in PEOPLE}
    assert prober.seen == everybody | {(business[-1], "0") for business in BUSINESSES}


async def test_nor_from_the_service_as_it_is_run(served: TwoTenants, installation: Installations) -> None:
    """`portal serve`, over its real HTTP server."""
    one = await installation(
        PORTAL_MONGO_DATABASE=served.config.mongo_database,
        PORTAL_MEDIA_URL=served.config.media_url or "",
        PORTAL_SECRET_KEY=served.config.secret_keys[0],
    )
    one.start("serve")
    await one.answers("/-/health/ready")
    url = one.env["PORTAL_PUBLIC_URL"]
    prober = RandomRequester(served, SHARDS)
    async with httpx.AsyncClient(trust_env=False, timeout=60) as client:

        async def asked(probe: Probe) -> Answer:
            headers = [pair for pair in probe.headers if pair[0] != b"content-length"]
            query = b"?" + probe.query if probe.query else b""
            target = httpx.URL(url).copy_with(raw_path=probe.path + query)
            try:
                answer = await client.request(probe.route.method, target, headers=headers, content=probe.body)
            except httpx.RemoteProtocolError:
                # The server hangs up on what is no HTTP.
                return Answer(400, (), b"")
            return Answer(answer.status_code, tuple(answer.headers.raw), answer.content)

        await probed(prober, OVER_THE_WIRE, asked)

    assert {(person.business[-1], person.customer[-1]) for person in PEOPLE} <= prober.seen


def named(route: Route) -> bool:
    """Whether a route is about a record of a customer."""
    return any(not isinstance(part, str) and part.name.endswith("_id") for part in route.parts)


async def test_what_is_somebody_elses_is_not_there_byte_for_byte(world: TwoTenants) -> None:
    """Another customer's record, another business's, and a guessed one: one 404, on every route that names a record."""
    mine, neighbour = PEOPLE[0], PEOPLE[1]
    await world.publish("visit.booked", business="biz_2", customer="cus_1", subject="only-theirs")
    token = await world.token(mine)
    headers = [
        (b"host", b"portal.test"),
        (b"origin", b"https://portal.test"),
        (b"cookie", cookie(mine.slug, token).encode()),
        (b"x-request-id", b"of-a-test"),
    ]
    routes = [route for route in routes_of(world.app) if named(route) and route.method != "OPTIONS"]
    assert len(routes) > 10
    for route in routes:
        answers = set()
        for kind in ("vis", "prf", "inv", "con", "sub", "pay"):
            for whose in (neighbour.ids.of(kind), "only-theirs", f"{kind}-guessed"):
                parts = [
                    part if isinstance(part, str) else mine.slug if part.name == "slug" else whose
                    for part in route.parts
                ]
                path = ("/" + "/".join(parts)).encode()
                answers.add(await ask(world.app, route.method, path, b"", headers))
        (answer,) = answers
        # A form that ends a device leads back to the list, whether or not there was one to end.
        assert answer.status == 404 or (route.method, answer.status) == ("POST", 303), route
        assert not any(customer.encode() in answer.whole for customer in CUSTOMERS)
