"""The small parts of sign-in: secrets, limits, networks, names."""

import pytest

from query_api.config import QueryApiConfig, SignInLimits
from query_api.http.public_urls import PublicUrls
from query_api.mail.smtp import SmtpServer
from query_api.sign_in.codes import HmacKeyRing, new_code
from query_api.sign_in.cookies import binding_cookie_name, session_cookie_name
from web.cookies import network_of
from web.tokens import TOKEN_LENGTH, digest, new_token


def test_a_code_is_six_digits() -> None:
    codes = [new_code() for _ in range(1000)]

    assert all(len(code) == 6 and code.isascii() and code.isdigit() for code in codes)
    assert len(set(codes)) > 900


def test_a_token_is_as_long_as_it_is_said_to_be_and_hashed_to_another() -> None:
    token = new_token()

    assert len(token) == TOKEN_LENGTH
    assert token not in digest(token)


def test_a_hash_of_an_older_key_still_fits_and_one_of_a_stranger_does_not() -> None:
    old, new, strange = HmacKeyRing(["old"]), HmacKeyRing(["new", "old"]), HmacKeyRing(["strange"])

    assert new.verify(old.sign("code", "id", "123456"), "code", "id", "123456")
    assert not old.verify(new.sign("code", "id", "123456"), "code", "id", "123456")
    assert not new.verify(strange.sign("code", "id", "123456"), "code", "id", "123456")


@pytest.mark.parametrize(
    "parts", [("code", "id", "123457"), ("code", "di", "123456"), ("limit", "id", "123456")]
)
def test_a_hash_fits_its_own_parts_only(parts: tuple[str, str, str]) -> None:
    keys = HmacKeyRing(["key"])

    assert not keys.verify(keys.sign("code", "id", "123456"), *parts)


@pytest.mark.parametrize(
    ("host", "network"),
    [
        ("198.51.100.7", "198.51.100.7"),
        ("2001:db8:1:2:3:4:5:6", "2001:db8:1:2::/64"),
        ("::ffff:198.51.100.7", "198.51.100.7"),
        ("", ""),
        ("unix:/socket", ""),
    ],
)
def test_limits_count_by_network(host: str, network: str) -> None:
    assert network_of(host) == network


@pytest.mark.parametrize("slug", ["blue", "blue-sign-in", "sign-in", "sign-in-blue"])
def test_no_two_cookies_of_any_businesses_have_one_name(slug: str) -> None:
    sessions = {session_cookie_name(other) for other in ("blue", "blue-sign-in", "sign-in", "sign-in-blue")}

    assert len(sessions) == 4
    assert binding_cookie_name(slug) not in sessions


def test_limits_are_set_by_name() -> None:
    assert SignInLimits.read({"mails_per_address": 7}) == SignInLimits(mails_per_address=7)


@pytest.mark.parametrize("given", [{"mails": 1}, {"mails_per_address": -1}])
def test_a_limit_that_is_none_is_refused(given: dict[str, int]) -> None:
    with pytest.raises(ValueError, match=next(iter(given))):
        SignInLimits.read(given)


def test_settings_show_no_secret() -> None:
    config = QueryApiConfig(
        "mongodb://user:word@db", "portal", "https://portal.test", "smtp://me:word@mail", ("secret",)
    )

    assert not any(secret in repr(config) for secret in ("word", "secret", "me:"))


def test_a_business_own_host_is_reached_as_the_public_one_is() -> None:
    assert PublicUrls("https://portal.test").custom("blue.test") == "https://blue.test"
    assert PublicUrls("http://127.0.0.1:8000").custom("blue.test") == "http://blue.test:8000"


@pytest.mark.parametrize(
    "host", ["portal.test", "", "evil.test/path", "evil.test:80", "a b.test", "127.0.0.1@x", "x"]
)
def test_not_every_text_is_a_host_of_a_business_own(host: str) -> None:
    assert not PublicUrls("https://portal.test").may_be_custom(host)


def test_an_smtp_server_is_named_by_its_address() -> None:
    assert SmtpServer.from_url("smtp://127.0.0.1:1025") == SmtpServer("127.0.0.1", 1025, False, None, None)
    assert SmtpServer.from_url("smtps://me%40mail:wo%2Frd@mail.test") == SmtpServer(
        "mail.test", None, True, "me@mail", "wo/rd"
    )


@pytest.mark.parametrize("url", ["mail.test:25", "http://mail.test", "smtp://"])
def test_what_is_no_smtp_address_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="PORTAL_SMTP_URL"):
        SmtpServer.from_url(url)
