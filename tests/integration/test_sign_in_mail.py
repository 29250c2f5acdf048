"""The mail of a sign-in: what it says, and that it comes once, whatever happens on its way."""

import asyncio
import re
import secrets
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest

from local_stack.stack import Stack
from query_api.http.public_urls import PublicUrls
from query_api.polling_worker import delivering
from query_api.services import services_in
from query_api.sign_in.codes import HmacKeyRing
from query_api.sign_in.mailer import CLAIM, SignInMailer
from read_models.queries.portal import PortalQueries
from read_models.store import StoreUnavailable
from read_models.store.operational import OperationalStore
from tests.integration.harness.customer_surface import URL, WITHIN_S, CustomerSurfaceHarness
from tests.integration.harness.smtp_server import DROP, SmtpServer


@pytest.fixture
async def surface(stack: Stack) -> AsyncIterator[CustomerSurfaceHarness]:
    async with CustomerSurfaceHarness(stack.env) as one:
        await one.publish("business.registered", branding={"primary_color": "#ffff00"})
        yield one


@pytest.fixture
async def quiet(stack: Stack, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[CustomerSurfaceHarness]:
    """A surface whose own mailer reaches no server and tries in vain: tests run mailers of their own."""
    async with CustomerSurfaceHarness(stack.env) as one:
        await one.publish("business.registered")
        one.store.start_polling()
        monkeypatch.setattr(services_in(one.app).reads, "ready", lambda: False)
        yield one


def mailer(surface: CustomerSurfaceHarness, smtp_url: str) -> SignInMailer:
    """A mailer that does one step at a time, as it is told."""
    reads = PortalQueries(surface.store, surface.now)
    records = OperationalStore(surface.store.database)
    keys = HmacKeyRing(surface.config.secret_keys)
    return SignInMailer(
        records,
        surface.store,
        reads,
        keys,
        smtp_url,
        services_in(surface.app).tenants,
        PublicUrls(URL),
        surface.now,
    )


async def asked(surface: CustomerSurfaceHarness) -> str:
    """An address with a mail due, asked for while the surface was ready."""
    email = await surface.create_customer()
    sign_in, reads = services_in(surface.app).sign_in, services_in(surface.app).reads
    business = await reads.business("blue")
    assert business
    browser = type("Anyone", (), {"binding": None, "session": None, "network": "", "device": ""})()
    await sign_in.request_code(business, email, browser)
    return email


async def test_the_code_comes_first_and_the_link_next(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer()
    await surface.browser().ask(email)
    (mail,) = await surface.mails(email)

    assert mail.subject == f"{mail.code} is your code for Blue Pools"
    assert mail.text.index(mail.code) < mail.text.index("://")
    assert re.fullmatch(rf"{URL}/blue/sign-in/[\w-]{{43}}", mail.link)
    assert mail.link in mail.html
    assert f">{mail.code}<" in mail.html
    assert "Blue Pools" in mail.html
    assert mail.sender == "Blue Pools"
    assert "office@blue.test" in mail.headers["Reply-To"][0]
    assert mail.headers["Auto-Submitted"] == ["auto-generated"]


async def test_it_is_in_the_customers_language(surface: CustomerSurfaceHarness) -> None:
    email = await surface.create_customer(locale="es-MX")
    await surface.browser().ask(email)
    (mail,) = await surface.mails(email)

    assert mail.subject == f"{mail.code} es tu código para Blue Pools"
    assert "Introdúcelo" in mail.text
    assert 'lang="es"' in mail.html


async def test_what_a_business_calls_itself_is_a_text_and_nothing_else(
    surface: CustomerSurfaceHarness,
) -> None:
    name = 'Pools & "Co" 999999 http://evil.test <script>alert(1)</script>'
    await surface.publish("business.rebranded", name=name)
    email = await surface.create_customer()
    browser = surface.browser()
    await browser.ask(email)
    (mail,) = await surface.mails(email)

    assert (await browser.enter(email=email, code=mail.code)).status_code == 201
    assert mail.link.startswith(f"{URL}/blue/sign-in/")
    assert "<script>" not in mail.html
    assert name in mail.text


async def test_it_goes_to_the_address_as_the_customers_record_has_it(surface: CustomerSurfaceHarness) -> None:
    name = secrets.token_hex(6)
    await surface.publish("customer.registered", customer="cus_1", emails=[f" Ada.{name}@Mail.test "])
    await surface.browser().ask(f"ada.{name}@mail.test")
    (mail,) = await surface.mails(f"Ada.{name}@Mail.test")

    assert mail.headers["To"] == [f"Ada.{name}@Mail.test"]


async def test_several_mailers_send_a_mail_once(surface: CustomerSurfaceHarness) -> None:
    for _ in range(2):
        await surface.serve(surface.config)
    emails = [await surface.create_customer(customer=f"cus_{number}") for number in range(12)]
    await asyncio.gather(*(surface.browser(ip=f"10.0.0.{n}").ask(email) for n, email in enumerate(emails)))
    for email in emails:
        await surface.mails(email)
        await surface.dealt_with(email)

    assert [len(await surface.mails(email)) for email in emails] == [1] * 12


async def test_a_mail_waits_for_its_server(quiet: CustomerSurfaceHarness) -> None:
    email = await asked(quiet)
    async with SmtpServer() as server:
        nobody = server.url
    assert await mailer(quiet, nobody).process_next()
    async with SmtpServer() as server:
        sending = mailer(quiet, server.url)
        assert not await sending.process_next()
        quiet.later(timedelta(seconds=2))
        assert await sending.process_next()
        assert not await sending.process_next()

        assert len(server.mails) == 1
        assert email in server.mails[0]


@pytest.mark.parametrize("verb", ["MAIL", "RCPT", "DATA", "."])
async def test_a_mail_that_the_server_does_not_take_now_comes_later(
    quiet: CustomerSurfaceHarness, verb: str
) -> None:
    await asked(quiet)
    async with SmtpServer() as server:
        sending = mailer(quiet, server.url)
        server.replies = {verb: "451 later"}
        assert await sending.process_next()
        server.replies = {}
        quiet.later(timedelta(seconds=2))
        assert await sending.process_next()
        quiet.later(timedelta(minutes=5))
        assert not await sending.process_next()

        given = [mail for mail in server.mails if "Message-ID" in mail]
        assert len({re.search(r"Message-ID: (\S+)", mail)[1] for mail in given}) == 1  # type: ignore[index]
        assert len(given) == (2 if verb == "." else 1)


@pytest.mark.parametrize("verb", ["RCPT", "."])
async def test_a_mail_that_the_server_never_takes_is_dropped(
    quiet: CustomerSurfaceHarness, verb: str
) -> None:
    email = await asked(quiet)
    async with SmtpServer() as server:
        sending = mailer(quiet, server.url)
        server.replies = {verb: "550 no such mailbox"}
        assert await sending.process_next()
        assert await quiet.store.database["sign_ins"].count_documents({"address": email}) == 0


async def test_a_mail_that_may_have_left_is_not_sent_again(quiet: CustomerSurfaceHarness) -> None:
    email = await asked(quiet)
    async with SmtpServer() as server:
        sending = mailer(quiet, server.url)
        server.replies = {".": DROP}
        assert await sending.process_next()
        server.replies = {}
        quiet.later(timedelta(minutes=5))
        assert not await sending.process_next()

        assert len(server.mails) == 1
        kept = await quiet.store.database["sign_ins"].find_one({"address": email})
        assert kept is not None
        assert kept["state"] == "sent"


async def test_a_mail_whose_mailer_died_is_sent_by_another(quiet: CustomerSurfaceHarness) -> None:
    await asked(quiet)
    records = OperationalStore(quiet.store.database).sign_ins
    dead = await records.claim(quiet.now(), quiet.now() + CLAIM)
    assert dead is not None
    async with SmtpServer() as server:
        sending = mailer(quiet, server.url)
        assert not await sending.process_next()
        quiet.later(CLAIM)
        assert await sending.process_next()
        assert len(server.mails) == 1

        assert not await records.mark_sent(dead, ["cus_1"], "code", "link", quiet.now())


async def test_a_mail_is_not_given_away_unless_that_could_be_noted(
    quiet: CustomerSurfaceHarness, monkeypatch: pytest.MonkeyPatch
) -> None:
    await asked(quiet)
    async with SmtpServer() as server:
        sending = mailer(quiet, server.url)

        async def away(*_: object) -> bool:
            raise StoreUnavailable

        with monkeypatch.context() as patch:
            patch.setattr(sending._sign_ins, "mark_sent", away)
            assert await sending.process_next()
        assert server.mails == []
        quiet.later(timedelta(seconds=2))
        assert await sending.process_next()
        assert len(server.mails) == 1


async def test_a_mail_that_would_come_far_too_late_does_not_come(quiet: CustomerSurfaceHarness) -> None:
    email = await asked(quiet)
    async with SmtpServer() as server:
        quiet.later(timedelta(minutes=16))
        assert await mailer(quiet, server.url).process_next()

        assert server.connections == 0
    assert await quiet.store.database["sign_ins"].count_documents({"address": email}) == 0


async def test_a_mail_under_way_is_finished_when_the_process_ends(quiet: CustomerSurfaceHarness) -> None:
    email = await asked(quiet)
    async with SmtpServer() as server:
        server.hurry.clear()
        async with delivering(mailer(quiet, server.url)):
            async with asyncio.timeout(WITHIN_S):
                while not server.mails:  # noqa: ASYNC110
                    await asyncio.sleep(0.02)
            asyncio.get_running_loop().call_later(0.5, server.hurry.set)

        assert len(server.mails) == 1
    kept = await quiet.store.database["sign_ins"].find_one({"address": email})
    assert kept is not None
    assert kept["state"] == "sent"
