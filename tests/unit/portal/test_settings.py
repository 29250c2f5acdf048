"""The environment, and what is said of it when it is wrong."""

import re
from pathlib import Path

import pytest

from portal.errors import UsageError
from portal.settings import Settings

ENOUGH = {
    "PORTAL_KAFKA_BOOTSTRAP": "127.0.0.1:9092",
    "PORTAL_MONGO_URL": "mongodb://user:hidden@127.0.0.1/",
    "PORTAL_PUBLIC_URL": "https://portal.example.com",
}


def test_everything_has_a_default_or_may_be_missing() -> None:
    """An empty environment is one; what is empty counts as not set."""
    settings = Settings.read({"PORTAL_MONGO_URL": "", "PATH": "/bin", "PORTAL_UNKNOWN": "1"})
    assert (settings.topic_prefix, settings.partitions, settings.mongo_url) == ("servicehub.", 12, None)
    assert (settings.host, settings.port, settings.staff_port) == ("127.0.0.1", 8000, 8001)
    assert not settings.production


def test_a_missing_setting_is_named_with_what_to_do() -> None:
    """Whoever needs it says so when it is needed."""
    with pytest.raises(UsageError, match=r"PORTAL_KAFKA_BOOTSTRAP is not set: set it to"):
        _ = Settings.read({}).kafka
    with pytest.raises(UsageError, match=r"PORTAL_MONGO_URL is not set: set it to"):
        _ = Settings.read({"PORTAL_KAFKA_BOOTSTRAP": "a:1"}).installation


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("PORTAL_KAFKA_BOOTSTRAP", "localhost"),
        ("PORTAL_KAFKA_SECURITY_PROTOCOL", "TLS"),
        ("PORTAL_KAFKA_SSL_CAFILE", "/nowhere/ca.pem"),
        ("PORTAL_TOPIC_PREFIX", "a b"),
        ("PORTAL_PARTITIONS", "0"),
        ("PORTAL_MONGO_URL", "127.0.0.1:27017"),
        ("PORTAL_MONGO_URL", "mongodb://user:hid@den@127.0.0.1/"),
        ("PORTAL_MONGO_URL", "mongodb://user:hid/den@127.0.0.1/"),
        ("PORTAL_MONGO_URL", "mongodb://user:hidden@127.0.0.1:x/"),
        ("PORTAL_MONGO_URL", "mongodb+srv://user:hidden@mongo.example.com:27017/"),
        ("PORTAL_MONGO_URL", "mongodb://user@127.0.0.1/?authMechanism=SCRAM-SHA-256"),
        ("PORTAL_MONGO_URL", "mongodb://127.0.0.1/?tls=true&tlsCAFile=/nowhere/ca.pem"),
        ("PORTAL_MONGO_DATABASE", "a.b"),
        ("PORTAL_SMTP_URL", "localhost:25"),
        ("PORTAL_SMTP_URL", "http://localhost:25"),
        ("PORTAL_SMTP_URL", "smtp://user:hid/den@localhost:25"),
        ("PORTAL_SMTP_URL", "smtp://user:hidden@localhost:x"),
        ("PORTAL_PUBLIC_URL", "portal.example.com"),
        ("PORTAL_PUBLIC_URL", "http://portal.example.com"),
        ("PORTAL_PUBLIC_URL", "https://portal.example.com/path"),
        ("PORTAL_PUBLIC_URL", "https://portal.example.com:x"),
        ("PORTAL_PUBLIC_URL", "https://user@portal.example.com"),
        ("PORTAL_MEDIA_URL", "/srv/media"),
        ("PORTAL_PORT", "http"),
        ("PORTAL_TRUSTED_PROXIES", "10.0.0.0/8,proxy"),
        ("PORTAL_TRUSTED_PROXIES", "10.0.0.1/8"),
        ("PORTAL_LIMIT_MAILS_PER_ADDRESS", "many"),
    ],
)
def test_a_wrong_setting_is_named(name: str, value: str) -> None:
    """The variable, not the field, and never its value."""
    with pytest.raises(UsageError) as wrong:
        Settings.read({name: value})
    assert str(wrong.value).startswith(f"{name}: ")
    assert not re.search(r"\bhid(den)?\b|\bden\b", str(wrong.value))
    assert wrong.value.status == 2


def test_what_the_servers_take_is_taken() -> None:
    """Nobody is asked for it: neither the servers nor DNS."""
    for url in ("mongodb+srv://user:hidden@mongo.invalid/", "mongodb://u:hid%40den@a:1,b:2/?replicaSet=rs0"):
        settings = Settings.read({"PORTAL_MONGO_URL": url, "PORTAL_SMTP_URL": "smtps://u:hid%2Fden@mail"})
        assert settings.required("mongo_url") == url


def test_all_wrong_settings_are_named_at_once() -> None:
    """One line each."""
    with pytest.raises(UsageError) as wrong:
        Settings.read({"PORTAL_PORT": "x", "PORTAL_PARTITIONS": "y"})
    assert [line.split(":")[0] for line in str(wrong.value).splitlines()] == [
        "PORTAL_PARTITIONS",
        "PORTAL_PORT",
    ]


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "[::1]:8000", "localhost:8000", "portal.localhost"])
def test_http_is_for_loopback(host: str) -> None:
    """There it is no production."""
    settings = Settings.read({"PORTAL_PUBLIC_URL": f"http://{host}/"})
    assert settings.public_url == f"http://{host}"
    assert not settings.production


def test_the_case_of_the_public_address_means_nothing() -> None:
    """It is production all the same, where no secret may be guessed."""
    written = {"PORTAL_PUBLIC_URL": "HTTPS://Portal.Example.COM:8443/"}

    settings = Settings.read(written)

    assert (settings.public_url, settings.production) == ("https://portal.example.com:8443", True)
    with pytest.raises(UsageError, match="PORTAL_SECRET_KEY: https needs"):
        Settings.read(written | {"PORTAL_SECRET_KEY": "k"})


def test_limits_go_by_the_rest_of_their_names() -> None:
    """In lower case, as numbers."""
    assert Settings.read({"PORTAL_LIMIT_MAILS_PER_ADDRESS": "7"}).limits == {"mails_per_address": 7}


def test_keys_are_newest_first() -> None:
    """Separated by commas."""
    assert Settings.read({"PORTAL_SECRET_KEY": "new, old"}).keys == ("new", "old")


def test_nothing_secret_is_shown() -> None:
    """Neither by the settings nor by what is made of them."""
    secret = {
        f"PORTAL_{name}": "hidden"
        for name in (
            "SECRET_KEY",
            "STAFF_TOKEN",
            "STRIPE_API_KEY",
            "STRIPE_WEBHOOK_SECRET",
            "KAFKA_SASL_PASSWORD",
        )
    }
    there = {"PORTAL_PUBLIC_URL": "http://127.0.0.1:8000", "PORTAL_SMTP_URL": "smtp://a:hidden@mail:25"}
    settings = Settings.read(ENOUGH | secret | there)
    shown = f"{settings!r} {settings} {settings.kafka!r} {settings.installation!r}"
    assert "hidden" not in shown


def test_kafka_takes_the_usual_settings(tmp_path: Path) -> None:
    """SASL and TLS reach the clients; certificates that cannot be used are said so."""
    sasl = {
        "PORTAL_KAFKA_SECURITY_PROTOCOL": "SASL_SSL",
        "PORTAL_KAFKA_SASL_MECHANISM": "SCRAM-SHA-512",
        "PORTAL_KAFKA_SASL_USERNAME": "portal",
        "PORTAL_KAFKA_SASL_PASSWORD": "p",
    }
    client = Settings.read(ENOUGH | sasl).kafka.client()
    assert client["ssl_context"] is not None
    assert (client["sasl_plain_username"], client["sasl_plain_password"]) == ("portal", "p")
    (tmp_path / "ca.pem").write_text("no certificate")
    with pytest.raises(UsageError, match=r"PORTAL_KAFKA_SSL_…"):
        _ = Settings.read(ENOUGH | sasl | {"PORTAL_KAFKA_SSL_CAFILE": str(tmp_path / "ca.pem")}).kafka


@pytest.mark.parametrize("protocol", ["SASL_PLAINTEXT", "SASL_SSL"])
@pytest.mark.parametrize("mechanism", ["PLAIN", "SCRAM-SHA-256"])
def test_sasl_needs_a_name_and_a_password(protocol: str, mechanism: str) -> None:
    """What is missing is named before anything is started."""
    sasl = {"PORTAL_KAFKA_SECURITY_PROTOCOL": protocol, "PORTAL_KAFKA_SASL_MECHANISM": mechanism}
    with pytest.raises(UsageError, match=r"PORTAL_KAFKA_SASL_USERNAME is not set: set it"):
        _ = Settings.read(ENOUGH | sasl).installation
    with pytest.raises(UsageError, match=r"PORTAL_KAFKA_SASL_PASSWORD is not set: set it"):
        _ = Settings.read(ENOUGH | sasl | {"PORTAL_KAFKA_SASL_USERNAME": "portal"}).installation


SECRETS = [f"PORTAL_{name.upper()}" for name in Settings.secret_names()]


def test_all_that_is_secret_is_known_to_be() -> None:
    """Those of docs/contracts/api.md, and what carries credentials."""
    assert set(SECRETS) >= {
        "PORTAL_SECRET_KEY",
        "PORTAL_STAFF_TOKEN",
        "PORTAL_STRIPE_API_KEY",
        "PORTAL_STRIPE_WEBHOOK_SECRET",
        "PORTAL_KAFKA_SASL_PASSWORD",
        "PORTAL_MONGO_URL",
        "PORTAL_SMTP_URL",
    }


ADDRESSES = {
    "PORTAL_MONGO_URL": "mongodb://user:hidden@127.0.0.1/",
    "PORTAL_SMTP_URL": "smtp://user:hidden@127.0.0.1",
}


@pytest.mark.parametrize("variable", SECRETS)
def test_a_secret_may_lie_in_a_file(variable: str, tmp_path: Path) -> None:
    """As containers are given them; the end of the line is no part of it."""
    file = tmp_path / "secret"
    value = ADDRESSES.get(variable, "hidden")
    file.write_text(f"{value}\n")
    name = variable.removeprefix("PORTAL_").lower()

    read = getattr(Settings.read({f"{variable}_FILE": str(file)}), name)

    assert read.get_secret_value() == value
    with pytest.raises(UsageError, match=f"{variable} and {variable}_FILE are both set"):
        Settings.read({f"{variable}_FILE": str(file), variable: "hidden"})
    with pytest.raises(UsageError, match=f"{variable}_FILE: the file cannot be read"):
        Settings.read({f"{variable}_FILE": str(tmp_path / "nowhere")})


def test_keys_in_a_file_are_newest_first_too(tmp_path: Path) -> None:
    """So they are replaced without signing anybody out."""
    file = tmp_path / "keys"
    file.write_text("new,\nold\n")

    assert Settings.read({"PORTAL_SECRET_KEY_FILE": str(file)}).keys == ("new", "old")


RANDOM = "2f1c9be07ad35846e1b0c7d94f82a6531e0db97c46f8a2350b7ce19d4683fa25"


@pytest.mark.parametrize(
    ("variable", "value"),
    [
        ("PORTAL_SECRET_KEY", "short"),
        ("PORTAL_SECRET_KEY", "0" * 64),
        ("PORTAL_SECRET_KEY", "change-me-change-me-change-me-change-me"),
        ("PORTAL_SECRET_KEY", f"{RANDOM},a demo key that is long enough for it"),
        ("PORTAL_STAFF_TOKEN", "eve:token"),
        ("PORTAL_STAFF_TOKEN", f"eve:{RANDOM},dev:dev-token-dev-token-dev-token-dev"),
    ],
)
def test_where_customers_are_a_secret_that_may_be_known_is_refused(variable: str, value: str) -> None:
    """Without it being told; on loopback anything will do."""
    with pytest.raises(UsageError) as wrong:
        Settings.read(ENOUGH | {variable: value})

    assert str(wrong.value).startswith(f"{variable}: https needs")
    assert value not in str(wrong.value)
    Settings.read(ENOUGH | {variable: value, "PORTAL_PUBLIC_URL": "http://127.0.0.1:8000"})


def test_random_secrets_are_accepted_where_customers_are() -> None:
    """Also several of them."""
    settings = Settings.read(
        ENOUGH
        | {
            "PORTAL_SECRET_KEY": f"{RANDOM},{RANDOM[::-1]}",
            "PORTAL_STAFF_TOKEN": f"eve:{RANDOM},bob:{RANDOM[::-1]}",
        }
    )

    assert settings.production
    assert len(settings.keys) == 2
