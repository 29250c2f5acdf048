"""Requests that no browser sends: too large, too odd, from elsewhere, or too many."""

import asyncio
import itertools
from collections.abc import AsyncIterator

import pytest

from local_stack.stack import Stack
from query_api.config import SignInLimits
from query_api.sign_in.cookies import binding_cookie_name
from tests.integration.harness.customer_surface import URL, Browser, CustomerSurfaceHarness
from tests.integration.security.random_requests import routes_of
from tests.integration.security.two_tenants import PEOPLE, TwoTenants, ask, cookie
from web.request_limits import MAX_HEADER_BYTES, MAX_TARGET_BYTES
from web.tokens import new_token

HOST = (b"host", b"portal.test")
ORIGIN = (b"origin", URL.encode())
PERSON = PEOPLE[0]
OUTSIDE = b"nobody is to read this"


@pytest.fixture(scope="module")
async def world(stack: Stack) -> AsyncIterator[TwoTenants]:
    async with TwoTenants(stack.env) as one:
        await one.happen()
        yield one


async def test_what_is_too_large_is_refused(world: TwoTenants) -> None:
    """Headers, address, body: each with its own status, and nothing of it in the answer."""
    padding = b"z" * 64
    filled = [(b"x-%d" % number, padding) for number in range(MAX_HEADER_BYTES // len(padding))]
    target = b"/blue/api/visits"
    long = b"limit=1&cursor=" + b"z" * MAX_TARGET_BYTES
    json = (b"content-type", b"application/json")
    answers = [
        await ask(world.app, "GET", target, b"", [HOST, *filled]),
        await ask(world.app, "GET", target, long, [HOST]),
        await ask(world.app, "GET", b"/blue/" + b"z" * MAX_TARGET_BYTES, b"", [HOST]),
        await ask(world.app, "POST", b"/blue/api/sign-in", b"", [HOST, ORIGIN, json], b"z" * 20_000),
    ]

    assert [answer.status for answer in answers] == [431, 414, 414, 413]
    assert not any(padding in answer.whole for answer in answers)
    assert (await ask(world.app, "GET", b"/blue/api/business", b"", [HOST])).status == 200


@pytest.mark.parametrize(
    ("content_type", "body"),
    [
        ("application/json", b"[" * 10_000),
        ("application/json", b'{"email": "\\ud800"}'),
        ("application/json", b'{"email": "a@b.test", "email": ["c@d.test"]}'),
        ("application/json", b"\xff\xfe{"),
        ("application/x-www-form-urlencoded", b"email=%ff%fe&" * 500),
        ("application/x-www-form-urlencoded", b"&".join(b"a%d=1" % n for n in range(2_000))),
        ("multipart/form-data; boundary=x", b'--x\r\nContent-Disposition: form-data; name="email"\r\n\r\n'),
        ("multipart/form-data", b"--x"),
        ("text/plain; charset=utf-7", b"+AGEAQABi-"),
        ("\xff", b"{}"),
    ],
)
async def test_a_body_that_makes_no_sense_is_the_clients_mistake(
    world: TwoTenants, content_type: str, body: bytes
) -> None:
    """On every route that takes one."""
    sent = [HOST, ORIGIN, (b"content-type", content_type.encode("latin-1"))]
    sent.append((b"cookie", cookie(PERSON.slug, await world.token(PERSON)).encode()))
    posted = [route for route in routes_of(world.app) if route.method == "POST"]
    assert posted
    for route in posted:
        parts = [
            part if isinstance(part, str) else "blue" if part.name == "slug" else "inv1-cus_1"
            for part in route.parts
        ]
        answer = await ask(world.app, "POST", ("/" + "/".join(parts)).encode(), b"", sent, body)
        assert answer.status < 500 or answer.status == 503, (route.path, answer)


async def test_no_path_leads_out_of_the_media_store(world: TwoTenants) -> None:
    """However the dots and slashes are written."""
    (world.media.parent / "outside.pdf").write_bytes(OUTSIDE)
    (world.media / "outside.pdf").write_bytes(OUTSIDE)
    sent = [HOST, (b"cookie", cookie(PERSON.slug, await world.token(PERSON)).encode())]
    ups = ("..", "%2e%2e", "%252e%252e", "..%2f..", "..%5c..", "%c0%ae%c0%ae", ".%00.", "....//", "%2e.;")
    roots = ("visits/vis1-cus_1/proofs/", "visits/", "contracts/", "invoices/", "payments/", "")
    for root, up, name in itertools.product(
        roots, ups, ("outside.pdf", "..%2foutside.pdf", "outside.pdf%00")
    ):
        for path in (f"/blue/media/{root}{up}/{name}", f"/-/assets/{up}/{name}", f"/-/brand/{up}%2f{name}"):
            answer = await ask(world.app, "GET", path.encode(), b"", sent)
            assert answer.status in (404, 400), path
            assert OUTSIDE not in answer.whole


async def test_no_other_site_is_let_in(world: TwoTenants) -> None:
    """No answer to a preflight, or to anything else, allows another origin anything (Fetch, CORS protocol)."""
    routes = list(routes_of(world.app))
    assert routes
    for origin in (b"https://evil.test", b"null"):
        asked = [HOST, (b"origin", origin), (b"access-control-request-method", b"POST")]
        for route in routes:
            parts = [
                part if isinstance(part, str) else "blue" if part.name == "slug" else "x"
                for part in route.parts
            ]
            answer = await ask(world.app, route.method, ("/" + "/".join(parts)).encode(), b"", asked)
            assert not any(name.lower().startswith(b"access-control") for name, _ in answer.headers)


@pytest.mark.parametrize(
    "wanted",
    [
        "//evil.test",
        "/blue//evil.test/",
        "https://evil.test",
        "/blue/%0d%0aX-Evil:%201",
        "/blue/..%2f..%2f",
        "/\\evil.test",
    ],
)
async def test_no_redirect_leaves_the_portal_or_splits_the_answer(world: TwoTenants, wanted: str) -> None:
    """Where the sign-in goes on to is a path of the portal."""
    sent = [HOST, (b"cookie", cookie(PERSON.slug, await world.token(PERSON)).encode())]
    answer = await ask(world.app, "GET", b"/blue/sign-in", b"next=" + wanted.encode(), sent)
    headers = dict(answer.headers)

    assert answer.status == 303
    assert headers[b"location"].startswith(b"/blue/")
    assert b"evil" not in headers[b"location"].partition(b"/blue/")[0]
    assert not any(b"\r" in part or b"\n" in part for pair in answer.headers for part in pair)
    assert b"x-evil" not in headers


async def test_links_in_mails_do_not_come_from_the_request(world: TwoTenants) -> None:
    """Whatever host it names."""
    browser = Browser(world.app)
    tricks = {"Host": "evil.test", "X-Forwarded-Host": "evil.test", "Forwarded": "host=evil.test"}
    json = {"email": PERSON.email}
    assert (await browser.post("/blue/api/sign-in", json=json, headers=tricks)).status_code == 202
    (mail,) = await world.mails(PERSON.email)

    assert mail.link.startswith(f"{URL}/blue/sign-in/")
    assert "evil.test" not in mail.text + mail.html


async def test_nobody_guesses_a_code_from_many_browsers_of_a_network(stack: Stack) -> None:
    """Over several processes at once: the tries of a network are counted together, and so are those of an address."""
    async with CustomerSurfaceHarness(stack.env, SignInLimits(wrong_codes_per_network=20)) as surface:
        await surface.publish("business.registered")
        email = await surface.create_customer()
        apps = [surface.app, *[await surface.serve(surface.config) for _ in range(2)]]
        victim = surface.browser(ip="203.0.113.5")
        await victim.ask(email)
        (mail,) = await surface.mails(email)
        guesses = itertools.cycle(
            f"{number:06}" for number in range(1_000_000) if f"{number:06}" != mail.code
        )
        attackers = [Browser(app) for app in apps for _ in range(10)]
        for attacker in attackers:
            # Each counts as a browser of its own.
            attacker.cookies.set(binding_cookie_name("blue"), new_token())

        async def guess(browser: Browser) -> list[int]:
            return [(await browser.enter(email=email, code=next(guesses))).status_code for _ in range(4)]

        answers = list(itertools.chain(*await asyncio.gather(*map(guess, attackers))))

        assert sorted(answers) == [401] * 20 + [429] * 100
        # Nobody is locked out by it who is elsewhere.
        assert (await victim.enter(email=email, code=mail.code)).status_code == 201
