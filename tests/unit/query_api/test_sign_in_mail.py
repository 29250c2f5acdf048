"""The mail of a sign-in, whatever texts a business or a customer has."""

from datetime import UTC, datetime
from email import message_from_bytes
from email.policy import default
from types import ModuleType
from typing import Any

import pytest
import structlog

from query_api.http.public_urls import PublicUrls
from query_api.mail import delivery
from query_api.mail.message import InvalidRecipient
from query_api.mail.smtp import serialize
from query_api.sign_in import mailer
from query_api.sign_in.codes import HmacKeyRing
from query_api.sign_in.mail import SignInMail, compose_sign_in_mail
from query_api.sign_in.mailer import SignInMailer
from read_models.customer import normalize_email
from read_models.store.operational import SignInRequest

NOW = datetime(2026, 11, 24, 18, 0, tzinfo=UTC)


def business(name: str = "Blue Pools", support: str = "office@blue.test") -> dict[str, Any]:
    return {
        "_id": "biz_1",
        "name": name,
        "slug": "blue",
        "locale": "en-US",
        "portal_host": None,
        "shown": True,
        "closed": False,
        "branding": {"logo": None, "primary_color": "#0f6e84", "tagline": None},
        "support": {"email": support, "phone": None},
    }


def letter(of: dict[str, Any], email: str = "ada@mail.test") -> SignInMail:
    customers = [{"id": "cus_1", "locale": None, "emails": [email]}]
    return SignInMail(
        "id", of, customers, normalize_email(email), "https://portal.test", "123456", "t" * 43, NOW
    )


def sent(of: dict[str, Any]) -> Any:
    """The mail as a mail program reads it."""
    return message_from_bytes(serialize(compose_sign_in_mail(letter(of), "portal.test")), policy=default)


@pytest.mark.parametrize(
    "name",
    [
        "Blue =?utf-8?q?=0D=0ABcc:_spy@evil.test=0D=0A=0D=0AHello?= Pools",
        "=?utf-8?b?DQpCY2M6IHNweUBldmlsLnRlc3QNCg0KSGVsbG8=?=",
        "=\u200b?utf-8?q?=0D=0ABcc:_spy@evil.test?=",
        "=\x00?utf-8?q?=0D=0ABcc:_spy@evil.test?=",
        "Blue\r\nBcc: spy@evil.test\r\n\r\nHello",
        "Blue\ud800\x85\x00\u2028Pools",
    ],
)
def test_a_name_adds_nothing_to_a_mail(name: str) -> None:
    """Neither a header nor a body comes of what a business is called, in whichever way it is written."""
    usual, mail = sent(business()), sent(business(name))

    assert mail.keys() == usual.keys()
    assert mail["From"].addresses[0].addr_spec == "no-reply@portal.test"
    assert mail["Subject"].startswith("123456 is your code for ")
    assert [part.get_content_type() for part in mail.walk()] == [
        part.get_content_type() for part in usual.walk()
    ]


def test_a_name_is_written_as_it_is() -> None:
    """Letters and signs of all languages arrive."""
    name = 'Łukasz & "Söhne" (プール) 🏊'

    assert sent(business(name))["From"].addresses[0].display_name == name


@pytest.mark.parametrize(
    "support",
    ["help@[", "help@[1", "@", "", "=?utf-8?q?a=0D=0ABcc:_spy?=@evil.test", "a@b.test\r\nBcc: c@d.test"],
)
def test_a_support_address_that_is_none_is_left_out(support: str) -> None:
    """A mail goes without an address for replies rather than not at all."""
    mail = sent(business(support=support))

    assert "Reply-To" not in mail
    assert "Bcc" not in mail


@pytest.mark.parametrize("email", ["ada@[", "=?utf-8?q?a=0D=0ABcc:_spy?=@evil.test"])
def test_an_address_that_is_none_gets_no_mail(email: str) -> None:
    """It is said so before anything is sent."""
    with pytest.raises(InvalidRecipient):
        compose_sign_in_mail(letter(business(), email), "portal.test")


class Sending:
    """One mail that is due, and what becomes of it: the records, the views, and a server that nobody calls."""

    def __init__(self) -> None:
        self.sign_ins = self
        self.became: list[str] = []
        keys, addresses = HmacKeyRing(["key"]), PublicUrls("https://portal.test")
        views: Any = self
        self.mailer = SignInMailer(
            views, views, views, keys, "smtp://127.0.0.1:1", views, addresses, lambda: NOW
        )

    def ready(self) -> bool:
        return True

    async def claim(self, *_: object) -> SignInRequest:
        return SignInRequest("sig_1", "biz_1", "ada@mail.test", "", NOW, 1, None, None, None, used=False)

    async def documents(self, *_: str) -> list[dict[str, Any]]:
        return [business()]

    async def origin(self, _business: dict[str, Any]) -> str:
        return "https://portal.test"

    async def customers_by_email(self, *_: str) -> list[dict[str, Any]]:
        return [{"id": "cus_1", "locale": None, "emails": ["Ada@mail.test"]}]

    async def drop(self, _claimed: SignInRequest) -> None:
        self.became.append("dropped")

    async def mark_sent(self, *_: object) -> bool:
        self.became.append("handed over")
        return True

    async def reschedule(self, *_: object) -> None:
        self.became.append("put off")


@pytest.mark.parametrize(("module", "step"), [(mailer, "compose_sign_in_mail"), (delivery, "serialize")])
async def test_a_mail_that_cannot_be_written_is_dropped_before_it_counts_as_sent(
    module: ModuleType, step: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whatever goes wrong with it: it would again. Why is logged, and not to whom."""

    def fail(*_: object) -> None:
        raise AttributeError("of ada@mail.test")

    monkeypatch.setattr(module, step, fail)
    sending = Sending()
    with structlog.testing.capture_logs() as said:
        assert await sending.mailer.process_next()

    assert sending.became == ["dropped"]
    assert [(line["event"], line["error"]) for line in said] == [("mail.unwritable", "AttributeError")]
    assert "ada" not in str(said)


async def test_a_mail_that_can_be_written_waits_for_its_server() -> None:
    """It is the server's absence that puts it off."""
    sending = Sending()
    assert await sending.mailer.process_next()

    assert sending.became == ["put off"]
