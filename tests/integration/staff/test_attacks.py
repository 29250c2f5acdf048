"""The staff surface, attacked: nothing of it is had without being an operator, and nothing done there goes unnoted."""

import asyncio
import itertools
import re
from collections.abc import Iterator

from local_stack.stack import Stack
from portal.settings import Settings
from projectors.staff.operators import MAX_WRONG_TOKENS, WRONG_TOKEN_WINDOW
from read_models.store.operational import OperationalStore
from tests.harness.portal_installation import Installation
from tests.integration.harness.live_worker import level
from tests.integration.security.random_requests import Route, routes_of
from tests.integration.security.two_tenants import ask
from tests.integration.staff.harness import BOB, EVE, URL, StaffHarness
from web.request_limits import MAX_HEADER_BYTES, MAX_TARGET_BYTES

HOST = (b"host", b"staff.test")
ORIGIN = (b"origin", URL.encode())
BEARER = (b"authorization", f"Bearer {EVE}".encode())

OPEN = ("/-/", "/sign-in")
"""What is there for everybody: probes, assets, the way in."""

VALUES = {"what": "promote", "name": "visits-0-0", "path": "/api/lag"}
"""Of the parameters in paths."""


def path_of(route: Route) -> str:
    """A path of a route."""
    parts = (part if isinstance(part, str) else VALUES.get(part.name, "x") for part in route.parts)
    return "/" + "/".join(parts)


def closed(staff: StaffHarness) -> Iterator[tuple[str, str]]:
    """Method and path of every route that is for operators alone."""
    for route in routes_of(staff.app):
        if not path_of(route).startswith(OPEN) and route.method != "OPTIONS":
            yield route.method, path_of(route)


async def test_no_route_opens_without_credentials(staff: StaffHarness) -> None:
    """However its path is written, whatever a proxy is said to have checked: 401, or the way to the sign-in."""
    routes = list(closed(staff))
    assert len(routes) > 18
    tricks = (
        (b"x-original-url", b"/-/health/live"),
        (b"x-rewrite-url", b"/-/health/live"),
        (b"x-forwarded-user", b"eve"),
        (b"x-remote-user", b"eve"),
        (b"cookie", b"__Host-staff=" + b"A" * 43),
        (b"cookie", b"__Host-staff=; __Host-staff=eve"),
        (b"authorization", b"Bearer " + b"\xff" * 32),
        (b"authorization", b"bearer"),
    )
    for (method, path), trick in itertools.product(routes, tricks):
        for written in (path, f"/{path}", f"/-/..{path}", f"/-/%2e%2e{path}", f"/-{path}", f"{path}/"):
            answer = await ask(staff.app, method, written.encode(), b"", [HOST, ORIGIN, trick])
            led = dict(answer.headers).get(b"location") == b"/sign-in"
            assert answer.status in (401, 404, 405, 429) or (answer.status == 303 and led), (
                written,
                trick,
                answer,
            )
            assert b"offset" not in answer.whole
            assert EVE.encode() not in answer.whole


async def test_every_change_is_refused_from_another_sites_page(staff: StaffHarness) -> None:
    """Found by walking the routes: a session's cookie alone changes nothing, and a crooked origin is none."""
    cookie = (b"cookie", f"__Host-staff={(await staff.browser()).cookies['__Host-staff']}".encode())
    changes = [path for method, path in closed(staff) if method == "POST"] + ["/sign-in"]
    assert len(changes) == 10
    origins = (
        *(b"https://evil.test", b"null", b"", b"https://", b"http://[", b"https://staff.test@evil.test"),
        *(b"https://staff.test.evil.test", b"https://staff.test:444", b"\xff", b"staff.test/"),
    )
    for path, origin in itertools.product(changes, origins):
        for host in (HOST, (b"host", b"")):
            answer = await ask(staff.app, "POST", path.encode(), b"", [host, cookie, (b"origin", origin)])
            assert answer.status == 403, (path, origin, answer)
        for foreign in ((b"origin", b"https://evil.test"), (b"sec-fetch-site", b"cross-site")):
            # A proxy that signs people in sends the token with whatever their browsers send.
            answer = await ask(staff.app, "POST", path.encode(), b"", [HOST, BEARER, foreign])
            assert answer.status == 403, (path, foreign, answer)
    assert await staff.audit() == [("staff:eve", "session.start", "", None)]


async def test_a_session_is_never_one_that_was_there_before(staff: StaffHarness) -> None:
    """Neither a token that somebody else has put there nor the one before is that of the new session."""
    planted = "A" * 43
    first = staff.client(Cookie=f"__Host-staff={planted}", Origin=URL)
    signed_in = await first.post("/sign-in", data={"token": EVE})
    token = signed_in.cookies["__Host-staff"]
    assert token != planted
    assert (await staff.client(Cookie=f"__Host-staff={planted}").get("/api/audit")).status_code == 401
    again = staff.client(Cookie=f"__Host-staff={token}", Origin=URL)
    newer = (await again.post("/sign-in", data={"token": BOB})).cookies["__Host-staff"]
    assert newer != token
    assert (await staff.client(Cookie=f"__Host-staff={token}").get("/api/audit")).status_code == 401
    assert (await staff.client(Cookie=f"__Host-staff={newer}").get("/api/audit")).status_code == 200
    written = signed_in.headers["Set-Cookie"]
    assert {"HttpOnly", "Path=/", "SameSite=lax", "Secure"} <= set(written.split("; "))
    assert "Domain" not in written


async def test_tries_are_counted_over_processes_and_restarts(staff: StaffHarness, one: Installation) -> None:
    """What one process saw enough of, another one gives no second tries to; the right token of others opens."""
    async with StaffHarness(Settings.read(one.env).installation).running() as other:
        wrong = [(staff, other)[number % 2].client(f"wrong{number}") for number in range(MAX_WRONG_TOKENS)]
        answers = await asyncio.gather(*(client.get("/api/audit") for client in wrong))
        assert {answer.status_code for answer in answers} == {401}
        for each in (staff, other):
            assert (await each.client("wrong").get("/api/audit")).status_code == 429
            limited = await each.client(EVE).get("/api/audit")
            assert limited.status_code == 429
            assert 0 < int(limited.headers["Retry-After"]) <= WRONG_TOKEN_WINDOW.total_seconds()
            assert (await each.client(EVE, ip="203.0.113.9").get("/api/audit")).status_code == 200
    async with StaffHarness(Settings.read(one.env).installation).running() as again:
        assert (await again.client("wrong").get("/api/audit")).status_code == 429
        again.ahead = WRONG_TOKEN_WINDOW
        assert (await again.client(EVE).get("/api/audit")).status_code == 200


async def test_what_is_too_large_or_makes_no_sense_is_refused(staff: StaffHarness) -> None:
    """Each with its own status, signed in or not, and never a mistake of the server."""
    filled = [(b"x-%d" % number, b"z" * 64) for number in range(MAX_HEADER_BYTES // 64)]
    long = b"error=" + b"z" * MAX_TARGET_BYTES
    json = (b"content-type", b"application/json")
    form = (b"content-type", b"application/x-www-form-urlencoded")
    post = b"/api/dead-letters/visits-0-0/discard"
    answers = [
        await ask(staff.app, "GET", b"/api/lag", b"", [HOST, BEARER, *filled]),
        await ask(staff.app, "GET", b"/api/dead-letters", long, [HOST, BEARER]),
        await ask(staff.app, "POST", post, b"", [HOST, BEARER, json], b" " * 20_000),
        await ask(staff.app, "POST", b"/sign-in", b"", [HOST, ORIGIN, form], b"token=" + b"z" * 20_000),
    ]
    assert [answer.status for answer in answers] == [431, 414, 413, 413]
    for name in (
        "%00",
        "%0d%0aX-Evil:%201",
        "..%2f..",
        "x" * 3_000,
        "visits-0-99999999999999999999",
        "%f0%9f%98%80~",
    ):
        for path in (f"/api/dead-letters/{name}", f"/dead-letters/{name}"):
            for method, end in (("GET", ""), ("POST", "/retry")):
                answer = await ask(staff.app, method, f"{path}{end}".encode(), b"", [HOST, BEARER, ORIGIN])
                assert answer.status in (303, 404), (path, answer)
                assert not any(
                    b"\n" in part or b"evil" in part.lower() for pair in answer.headers for part in pair
                )
    bodies = (
        b"",
        b"[" * 10_000,
        b'{"reason": "\\ud800"}',
        b'{"reason": {"$gt": ""}}',
        b'{"wait": 1e400}',
        b'{"wait": -1, "force": "yes"}',
        b'{"customer": "a/b", "promote": true}',
        b'{"customer": "--promote/x\\n"}',
        b'{"workers": 1000000}',
        b"\xff\xfe{",
        b"token=%ff%fe&reason=%00",
    )
    changes = [path for method, path in closed(staff) if method == "POST" and path != "/rebuilds"]
    for path, body, kind in itertools.product([*changes, "/sign-in"], bodies, (json, form)):
        if b"{}" in body or (path == "/api/rebuilds" and body == b""):
            continue  # that one is an order
        answer = await ask(staff.app, "POST", path.encode(), b"", [HOST, BEARER, ORIGIN, kind], body)
        assert answer.status < 500 or answer.status == 503, (path, body, answer)
    assert not any(action == "rebuild.start" for _, action, _, _ in await staff.audit())


async def test_nothing_of_it_is_kept_or_framed_or_let_to_another_site(staff: StaffHarness) -> None:
    """Every answer, errors included: no cache keeps it, no frame shows it, no other origin reads it."""
    for method, path in [*closed(staff), ("GET", "/sign-in"), ("GET", "/nowhere"), ("DELETE", "/api/lag")]:
        if path.endswith(("/rebuilds", "/sign-out")) and method == "POST":
            continue
        for sent in ([HOST, BEARER, ORIGIN], [HOST, (b"origin", b"https://evil.test")]):
            answer = await ask(staff.app, method, path.encode(), b"", sent)
            headers = dict(answer.headers)
            assert headers[b"cache-control"] == b"no-store", (path, answer)
            assert b"frame-ancestors 'none'" in headers[b"content-security-policy"]
            assert headers[b"x-content-type-options"] == b"nosniff"
            assert not any(name.startswith(b"access-control") for name in headers)


async def test_redirects_do_not_come_from_the_request(staff: StaffHarness) -> None:
    """Whatever host it names."""
    tricks = [(b"host", b"evil.test"), (b"x-forwarded-host", b"evil.test"), (b"forwarded", b"host=evil.test")]
    answers = [
        await ask(staff.app, "GET", b"/", b"next=//evil.test", tricks),
        await ask(staff.app, "POST", b"/generations/promote", b"", [*tricks, BEARER]),
        await ask(staff.app, "POST", b"/sign-out", b"", [*tricks, BEARER]),
    ]
    assert [dict(answer.headers)[b"location"] for answer in answers] == [
        b"/sign-in",
        b"/?done=1",
        b"/sign-in",
    ]
    assert b"evil" not in b"".join(answer.whole for answer in answers)


async def test_metrics_name_nobody(stack: Stack, staff: StaffHarness) -> None:
    """They are for operators' machines; what a path or a request says of a customer is no label."""
    text = (await staff.client(EVE).get("/metrics")).text
    labels = set(re.findall(r'[{,](\w+)="', text))
    known = {"state", "topic", "partition", "kind", "lane", "process", "host", "generation", "le", "method"}
    assert labels <= known | {"route", "status", "type", "reason"}


async def test_commands_are_in_the_audit_as_buttons_are(one: Installation, staff: StaffHarness) -> None:
    """Rebuild, promote with its reason, rollback, drop: who, what, of what, why."""
    one.start("project")
    records = OperationalStore(staff.app.state.services.staff.store.database)
    await level(one, 0)
    for command in (
        ("rebuild", "--workers", "1", "--promote"),
        ("rollback", "--wait", "20"),
        ("promote", "--wait", "20", "--force", "--reason", "as eve@mail.test asked"),
        ("rebuild", "--workers", "1", "--restart"),
        ("generations", "drop", "3"),
        ("payments", "reconcile"),
    ):
        done = await one.run(*command)
        assert done.returncode == 0, (command, done.stderr)
    assert (await one.run("generations", "drop", "9")).returncode == 1
    noted = [(one.action, one.about, one.detail) for one in reversed(await records.audit.latest(100))]
    assert noted[:-1] == [
        ("rebuild.start", "--promote", None),
        ("generation.promote", "2", None),
        ("generation.rollback", "1", None),
        ("generation.promote", "2", "as …@… asked"),
        ("rebuild.start", "--restart", None),
        ("generation.drop", "3", None),
    ]
    assert noted[-1][0] == "payments.reconcile"
    assert {one.by.partition(":")[0] for one in await records.audit.latest(100)} == {"cli"}
