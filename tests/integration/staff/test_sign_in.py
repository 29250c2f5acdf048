"""Who comes in to the staff surface, for how long, and from where."""

from datetime import timedelta

import pytest

from local_stack.stack import Stack
from portal.settings import Settings
from projectors.staff.operators import MAX_WRONG_TOKENS, WRONG_TOKEN_WINDOW
from projectors.staff.sessions import IDLE_TTL, SESSION_TTL
from tests.harness.portal_installation import Installation
from tests.integration.harness.customer_surface import CustomerSurfaceHarness
from tests.integration.staff.harness import BOB, EVE, URL, StaffHarness

API = (
    "lag",
    "generations",
    "rebuilds",
    "dead-letters",
    "dead-letters/visits-0-0",
    "notices",
    "audit",
    "nowhere",
)


async def test_without_a_token_nothing_is_told(staff: StaffHarness) -> None:
    """The API answers 401, the same for what is there and what is not; the page leads to sign-in."""
    outside = staff.client()
    answers = [await outside.get(f"/api/{path}") for path in API] + [await outside.get("/metrics")]
    assert {(one.status_code, one.text, one.headers["WWW-Authenticate"]) for one in answers} == {
        (401, answers[0].text, "Bearer")
    }
    assert answers[0].headers["Content-Type"] == "application/problem+json"
    assert {
        (await outside.post(f"/api/{path}")).status_code for path in ("rebuilds", "generations/promote")
    } == {401}
    home = await outside.get("/")
    assert (home.status_code, home.headers["Location"]) == (303, "/sign-in")
    assert (await outside.get("/-/health/live")).status_code == 200


async def test_a_token_is_right_or_wrong_and_that_is_all_that_is_told(staff: StaffHarness) -> None:
    """Whatever is wrong with it: one body."""
    assert (await staff.client(EVE).get("/api/generations")).status_code == 200
    assert (await staff.client(EVE).get("/api/nowhere")).status_code == 404
    wrong = [
        await staff.client(Authorization=value).get("/api/generations")
        for value in (
            f"Bearer {EVE[:-1]}",
            f"Bearer {EVE}x",
            "Bearer",
            f"Basic {EVE}",
            f"Bearer {EVE} {EVE}",
            "eve",
        )
    ]
    assert {(one.status_code, one.content) for one in wrong} == {(401, wrong[0].content)}


async def test_a_browser_signs_in_and_out(staff: StaffHarness) -> None:
    """The cookie is of this host alone, is no token, and is worth nothing once signed out."""
    browser = await staff.browser()
    (cookie,) = browser.cookies.jar
    assert (cookie.name, cookie.secure, cookie.path) == ("__Host-staff", True, "/")
    assert cookie.has_nonstandard_attr("HttpOnly")
    assert cookie.value
    assert EVE not in cookie.value
    page = await browser.get("/")
    assert page.status_code == 200
    assert "default-src 'none'" in page.headers["Content-Security-Policy"]
    assert page.headers["Cache-Control"] == "no-store"
    assert "Strict-Transport-Security" in page.headers
    assert (await browser.get("/api/lag")).status_code == 200
    out = await browser.post("/sign-out")
    assert (out.status_code, out.headers["Location"]) == (303, "/sign-in")
    again = staff.client(Cookie=f"__Host-staff={cookie.value}")
    assert (await again.get("/api/lag")).status_code == 401
    assert await staff.audit() == [
        ("staff:eve", "session.start", "", None),
        ("staff:eve", "session.end", "", None),
    ]


async def test_tokens_are_nowhere_at_rest(staff: StaffHarness) -> None:
    """Neither an operator's nor a session's is in the database."""
    browser = await staff.browser()
    sessions = await staff.app.state.services.staff.store.database["staff_sessions"].find().to_list(None)
    assert len(sessions) == 1
    assert browser.cookies["__Host-staff"] not in str(sessions)
    assert EVE not in str(sessions)


async def test_a_session_ends_unused_old_or_with_its_operator(staff: StaffHarness, one: Installation) -> None:
    """After an hour without use, after twelve with it, and when the operator's token is replaced."""
    idle = await staff.browser()
    staff.ahead = IDLE_TTL + timedelta(minutes=1)
    assert (await idle.get("/api/audit")).status_code == 401
    used = await staff.browser()
    begun = staff.ahead
    while staff.ahead - begun < SESSION_TTL - IDLE_TTL:
        staff.ahead += IDLE_TTL - timedelta(minutes=2)
        assert (await used.get("/api/audit")).status_code == 200
    staff.ahead = begun + SESSION_TTL + timedelta(seconds=1)
    assert (await used.get("/api/audit")).status_code == 401
    kept = await staff.browser()
    changed = StaffHarness(Settings.read(one.env).installation, f"eve:{'n' * 32},bob:{BOB}")
    changed.ahead = staff.ahead
    async with changed.running():
        client = changed.client(Cookie=f"__Host-staff={kept.cookies['__Host-staff']}")
        assert (await client.get("/api/audit")).status_code == 401
    assert (await kept.get("/api/audit")).status_code == 200


@pytest.mark.parametrize(
    "headers", [{}, {"Origin": "https://evil.test"}, {"Origin": "null"}, {"Sec-Fetch-Site": "cross-site"}]
)
async def test_changes_come_from_the_surfaces_own_pages(staff: StaffHarness, headers: dict[str, str]) -> None:
    """With a session; a bearer's come from no page. Nothing is changed."""
    cookie = (await staff.browser()).cookies["__Host-staff"]
    forged = staff.client(Cookie=f"__Host-staff={cookie}", **headers)
    for path in ("/api/rebuilds", "/rebuilds", "/generations/promote", "/sign-out"):
        assert (await forged.post(path)).status_code == 403
    assert (await staff.client(**headers).post("/sign-in", data={"token": EVE})).status_code == 403
    assert (await forged.get("/api/lag")).status_code == 200
    own = staff.client(Cookie=f"__Host-staff={cookie}", **{"Sec-Fetch-Site": "same-origin"})
    assert (await own.post("/sign-out")).status_code == 303


async def test_wrong_tokens_are_few(staff: StaffHarness) -> None:
    """Then the right one does not open either, by bearer or form, for a while, and from there alone."""
    tries = staff.client(Origin=URL)
    for number in range(MAX_WRONG_TOKENS):
        if number % 2:
            answer = await tries.post("/sign-in", data={"token": f"wrong{number}"})
        else:
            answer = await staff.client(f"wrong{number}").get("/api/audit")
        assert answer.status_code == 401
    limited = [
        await tries.post("/sign-in", data={"token": EVE}),
        await staff.client(EVE).get("/api/audit"),
        await staff.client("wrong").get("/api/audit"),
    ]
    assert [one.status_code for one in limited] == [429, 429, 429]
    assert all(0 < int(one.headers["Retry-After"]) <= WRONG_TOKEN_WINDOW.total_seconds() for one in limited)
    assert (await staff.client(EVE, ip="203.0.113.9").get("/api/audit")).status_code == 200
    staff.ahead = WRONG_TOKEN_WINDOW
    assert (await staff.client(EVE).get("/api/audit")).status_code == 200


async def test_a_customers_session_means_nothing_here_and_the_reverse(stack: Stack) -> None:
    """Not under the name of either cookie, with both surfaces on one database."""
    async with CustomerSurfaceHarness(stack.env) as surface:
        await surface.publish("business.registered")
        customer = await surface.signed_in(await surface.create_customer())
        env = stack.env | {"PORTAL_MONGO_DATABASE": surface.config.mongo_database}
        staff = StaffHarness(Settings.read(env).installation)
        async with staff.running():
            token = customer.cookies["__Host-portal-blue"]
            for name in ("__Host-portal-blue", "__Host-staff"):
                assert (await staff.client(Cookie=f"{name}={token}").get("/api/audit")).status_code == 401
            assert (await staff.client(token).get("/api/audit")).status_code == 401
            operators = (await staff.browser()).cookies["__Host-staff"]
            for name in ("__Host-portal-blue", "__Host-staff"):
                outsider = surface.browser()
                outsider.cookies.set(name, operators)
                assert (await outsider.get("/blue/api/portal")).status_code == 401
            bearer = {"Authorization": f"Bearer {EVE}"}
            assert (await surface.browser().get("/blue/api/portal", headers=bearer)).status_code == 401
            assert (await surface.browser().get("/metrics")).status_code == 404
