"""How often sign-in may be tried, counted the same for addresses that are known and that are not."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from local_stack.stack import Stack
from query_api.config import SignInLimits
from tests.integration.harness.customer_surface import Browser, CustomerSurfaceHarness

UNKNOWN = "nobody@mail.test"


@pytest.fixture
async def surface(stack: Stack) -> AsyncIterator[CustomerSurfaceHarness]:
    async with CustomerSurfaceHarness(stack.env) as one:
        await one.publish("business.registered")
        yield one


def wrong(code: str) -> str:
    """A code that is not this one."""
    return f"{(int(code) + 1) % 1_000_000:06}"


async def tries(surface: CustomerSurfaceHarness, browser: Browser, email: str, codes: list[str]) -> list[int]:
    return [(await browser.enter(email=email, code=code)).status_code for code in codes]


@pytest.mark.parametrize("known", [True, False])
async def test_five_wrong_codes_are_enough_whatever_is_asked_for_in_between(
    surface: CustomerSurfaceHarness, known: bool
) -> None:
    email = await surface.create_customer() if known else UNKNOWN
    browser = surface.browser()
    await browser.ask(email)
    assert await tries(surface, browser, email, ["x"] * 3) == [401] * 3
    await browser.ask(email)
    assert await tries(surface, browser, email, ["x"] * 4) == [401, 401, 429, 429]

    limited = await browser.enter(email=email, code="x")
    assert 0 < int(limited.headers["retry-after"]) <= 600
    assert limited.headers["content-type"] == "application/problem+json"
    surface.later(timedelta(seconds=int(limited.headers["retry-after"])))
    assert await tries(surface, browser, email, ["x"]) == [401]


async def test_who_is_limited_does_not_get_in_with_the_right_code_either(
    surface: CustomerSurfaceHarness,
) -> None:
    email = await surface.create_customer()
    browser = surface.browser()
    await browser.ask(email)
    (mail,) = await surface.mails(email)
    wrongs = [wrong(mail.code)] * 20
    answers = await asyncio.gather(*(browser.enter(email=email, code=code) for code in wrongs))

    assert sorted(answer.status_code for answer in answers) == [401] * 5 + [429] * 15
    assert (await browser.enter(email=email, code=mail.code)).status_code == 429
    # The link was not tried, and another browser is another count.
    assert (await browser.enter(token=mail.token)).status_code == 201


async def test_right_codes_are_not_counted(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    browser = surface.browser()
    for count in range(1, 4):
        await browser.ask(email)
        mail = (await surface.mails(email, count))[-1]
        assert await tries(surface, browser, email, ["x", mail.code]) == [401, 201]


async def test_a_network_is_limited_over_all_its_addresses_and_browsers(stack: Stack) -> None:
    async with CustomerSurfaceHarness(
        stack.env, SignInLimits(mails_per_network=3, wrong_codes_per_network=3)
    ) as surface:
        await surface.publish("business.registered")
        asked = [await surface.browser().ask(f"{number}@mail.test") for number in range(4)]
        entered = [await surface.browser().enter(email=f"{n}@mail.test", code="x") for n in range(4)]

        assert [answer.status_code for answer in asked] == [202, 202, 202, 429]
        assert [answer.status_code for answer in entered] == [401, 401, 401, 429]
        elsewhere = surface.browser(ip="198.51.100.2")
        assert (await elsewhere.ask("9@mail.test")).status_code == 202
        six = [surface.browser(ip=f"2001:db8:0:1::{host}") for host in range(4)]
        assert [(await one.ask("9@mail.test")).status_code for one in six] == [202, 202, 202, 429]


@pytest.mark.parametrize("known", [True, False])
async def test_an_address_gets_five_mails_in_a_quarter_of_an_hour(
    surface: CustomerSurfaceHarness, known: bool
) -> None:
    email = await surface.create_customer() if known else UNKNOWN
    asked = [await surface.browser(ip=f"198.51.100.{n}").ask(email) for n in range(6)]

    assert [answer.status_code for answer in asked] == [202] * 5 + [429]
    assert 0 < int(asked[5].headers["retry-after"]) <= 900
    assert "set-cookie" not in asked[5].headers
    surface.later(timedelta(minutes=15))
    assert (await surface.browser().ask(email)).status_code == 202
