"""The settings of an installation: every `PORTAL_*` variable (docs/contracts/api.md, Environment)."""

import re
import ssl
from collections.abc import Mapping, Sequence
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from pathlib import Path
from typing import Any, Final, Literal, Self, get_args
from urllib.parse import urlsplit

from pydantic import Field, FilePath, SecretStr, ValidationError, field_validator
from pydantic_settings import BaseSettings, EnvSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from events.topics import DEFAULT_PARTITIONS
from portal.errors import UsageError
from projectors.installation import Installation
from projectors.kafka.client import KafkaConfig

PREFIX: Final = "PORTAL_"
LIMIT: Final = "PORTAL_LIMIT_"

HINTS: Final[Mapping[str, str]] = {
    "PORTAL_KAFKA_BOOTSTRAP": "set it to the brokers' addresses, e.g. 127.0.0.1:9092",
    "PORTAL_KAFKA_SASL_USERNAME": "set it, or PORTAL_KAFKA_SECURITY_PROTOCOL to PLAINTEXT or SSL",
    "PORTAL_KAFKA_SASL_PASSWORD": "set it, or PORTAL_KAFKA_SECURITY_PROTOCOL to PLAINTEXT or SSL",
    "PORTAL_MONGO_URL": "set it to the replica set's address, e.g. mongodb://127.0.0.1:27017/?replicaSet=rs0",
    "PORTAL_TOPIC_PREFIX": "set it to what the topics' names begin with, e.g. servicehub.",
    "PORTAL_MEDIA_URL": "set it to where the pictures lie, e.g. file:///srv/media or s3://bucket/media",
    "PORTAL_CACHE_URL": "set it to where copies of files may lie, e.g. file:///var/cache/portal or s3://bucket/cache",
    "PORTAL_SMTP_URL": "set it to the mail server's address, e.g. smtp://mail.example.com:587 or"
    " smtps://user:password@mail.example.com, each of : / ? # [ ] @ % in user and password percent-encoded",
    "PORTAL_PUBLIC_URL": "set it to where customers reach the portal, e.g. https://portal.example.com",
    "PORTAL_STAFF_TOKEN": "set it to name:token[,name:token], each token random (`openssl rand -hex 32`)",
    "PORTAL_SECRET_KEY": "set it to a random text of 32 characters or more; when it is replaced, keep the old one"
    " behind the new one, after a comma",
}
"""Advice shown when a setting is missing or invalid, by variable."""

FILE_SUFFIX: Final = "_FILE"
"""Suffix of the variable that names a file with the value of a secret setting."""

MAX_SECRET_FILE_BYTES: Final = 64 * 1024

MIN_SECRET_LENGTH: Final = 32
"""Minimum characters of a key or a token in production: 16 random bytes in hex."""

MIN_DISTINCT_CHARACTERS: Final = 8
"""Minimum distinct characters of such a secret: texts made up by people repeat themselves."""

PLACEHOLDER_WORDS: Final = re.compile(
    r"change.?me|secret|example|demo|dev(elopment)?[-_ ]|test|password|placeholder", re.IGNORECASE
)
"""Words found in secrets that are copied from documentation or examples."""


class Settings(BaseSettings):
    """Settings of an installation; a field is the variable's name without `PORTAL_`, in lower case.

    None means not set: the features that need the setting are off. Secrets never appear in the repr or in errors.
    """

    model_config = SettingsConfigDict(
        env_prefix=PREFIX,
        enable_decoding=False,
        validate_default=False,
        frozen=True,
        hide_input_in_errors=True,
        extra="forbid",
    )

    kafka_bootstrap: str | None = Field(None, pattern=r"^[^\s,/]+:\d+(,[^\s,/]+:\d+)*$")
    kafka_security_protocol: Literal["PLAINTEXT", "SSL", "SASL_PLAINTEXT", "SASL_SSL"] = "PLAINTEXT"
    kafka_sasl_mechanism: Literal["PLAIN", "SCRAM-SHA-256", "SCRAM-SHA-512"] = "PLAIN"
    kafka_sasl_username: str | None = None
    kafka_sasl_password: SecretStr | None = None
    kafka_ssl_cafile: FilePath | None = None
    kafka_ssl_certfile: FilePath | None = None
    kafka_ssl_keyfile: FilePath | None = None
    topic_prefix: str = Field("servicehub.", pattern=r"^[A-Za-z0-9._-]{0,200}$")
    partitions: int = Field(DEFAULT_PARTITIONS, ge=1, le=10_000)
    """Partitions per topic for `portal topics create`; all other commands read the count from the topics."""
    batch_events: int = Field(1000, ge=1, le=10_000)
    """Maximum events per transaction; `portal project` uses fewer if documents are many or large."""
    mongo_url: SecretStr | None = None
    """Secret, because it may carry credentials; TLS and authentication are options of the URL."""
    mongo_database: str = Field("portal", pattern=r"^[A-Za-z0-9_-]{1,38}$")
    smtp_url: SecretStr | None = None
    public_url: str | None = None
    media_url: str | None = Field(None, pattern=r"^(file|s3)://")
    cache_url: str | None = Field(None, pattern=r"^(file|s3)://")
    stripe_api_key: SecretStr | None = None
    stripe_api_base: str | None = Field(None, pattern=r"^https?://")
    stripe_webhook_secret: SecretStr | None = None
    secret_key: SecretStr | None = None
    """Comma-separated keys, newest first."""
    staff_token: SecretStr | None = None
    """`name:token[,name:token]`"""
    host: str = "127.0.0.1"
    port: int = Field(8000, ge=1, le=65535)
    staff_port: int = Field(8001, ge=1, le=65535)
    trusted_proxies: tuple[IPv4Network | IPv6Network, ...] = ()
    """Networks of the proxies whose `X-Forwarded-For` is trusted."""
    limits: Mapping[str, int] = Field({}, validation_alias="limit")
    """Values of the `PORTAL_LIMIT_*` variables by the rest of their name, in lower case."""

    @classmethod
    def read(cls, environ: Mapping[str, str]) -> Self:
        """Read the settings from *environ*; raise UsageError that names every invalid variable.

        An empty variable counts as not set. `PORTAL_…_FILE` may name a file that holds a secret. Unknown `PORTAL_…`
        variables are ignored.
        """
        variables = EnvSettingsSource(cls)
        # The source ignores case and reads the process's environment; `PORTAL_` variables are upper case.
        variables.env_vars = {
            name.lower(): value
            for name, value in environ.items()
            if value and name == name.upper() and name.startswith(PREFIX)
        }
        values = variables()
        for name in cls.secret_names():
            if path := environ.get((variable := PREFIX + name.upper()) + FILE_SUFFIX):
                if name in values:
                    raise UsageError(f"{variable} and {variable}{FILE_SUFFIX} are both set: keep one of them")
                values[name] = _read_secret(path, variable + FILE_SUFFIX)
        values["limit"] = {
            variable.removeprefix(LIMIT).lower(): value
            for variable, value in environ.items()
            if variable.startswith(LIMIT) and value
        }
        try:
            settings = cls.model_validate(values)
        except ValidationError as error:
            problems = error.errors(include_url=False, include_context=False, include_input=False)
            raise UsageError(
                "\n".join(_format_error(_variable(*problem["loc"]), problem["msg"]) for problem in problems)
            ) from None
        if settings.production and (weak := settings.weak_secrets()):
            raise UsageError(
                "\n".join(_format_error(_variable(name), problem) for name, problem in weak.items())
            )
        return settings

    @classmethod
    def settings_customise_sources(
        cls, settings_cls: type[BaseSettings], init_settings: PydanticBaseSettingsSource, *_: Any, **__: Any
    ) -> tuple[PydanticBaseSettingsSource, ...]:
        """Validate only the values that `read` passes: the environment is an argument of `read`."""
        return (init_settings,)

    @classmethod
    def secret_names(cls) -> Sequence[str]:
        """Return the names of the settings that hold secrets."""
        return [name for name, field in cls.model_fields.items() if SecretStr in get_args(field.annotation)]

    def weak_secrets(self) -> Mapping[str, str]:
        """Return the secrets too weak for production, each with the reason."""
        tokens = [pair.partition(":")[2] for pair in _split(self.staff_token)]
        reasons = {
            "secret_key": next(filter(None, map(_weak_secret_reason, self.keys)), None),
            "staff_token": next(filter(None, map(_weak_secret_reason, tokens)), None),
        }
        return {name: reason for name, reason in reasons.items() if reason}

    @field_validator("trusted_proxies", mode="plain")
    @classmethod
    def _parse_networks(cls, text: str) -> tuple[IPv4Network | IPv6Network, ...]:
        try:
            return tuple(ip_network(network.strip()) for network in text.split(","))
        except ValueError:
            raise ValueError("networks such as 10.0.0.0/8,fd00::/8") from None

    @field_validator("mongo_url")
    @classmethod
    def _validate_mongo_url(cls, url: SecretStr | None) -> SecretStr | None:
        from read_models.store.mongo import validate_url

        if url is not None:
            validate_url(url.get_secret_value())
        return url

    @field_validator("smtp_url")
    @classmethod
    def _validate_smtp_url(cls, url: SecretStr | None) -> SecretStr | None:
        from query_api.mail.smtp import SmtpServer

        try:
            if url is not None:
                SmtpServer.from_url(url.get_secret_value())
        except ValueError:
            # The message of the error may quote a part of the password.
            raise ValueError("no address of a mail server") from None
        return url

    @field_validator("public_url")
    @classmethod
    def _normalize_public_url(cls, url: str | None) -> str | None:
        if url is None:
            return None
        parts = urlsplit(url)
        if (
            parts.scheme not in ("http", "https")
            or not parts.hostname
            or parts.path.strip("/")
            or parts.query
            or parts.fragment
            or parts.port == 0
            or "@" in parts.netloc
        ):
            raise ValueError("an address such as https://portal.example.com, without a path")
        if parts.scheme == "http" and not _is_loopback(parts.hostname):
            raise ValueError("http is accepted on loopback only: use https")
        return f"{parts.scheme}://{parts.netloc.lower()}"

    @property
    def production(self) -> bool:
        """True where customers reach the portal by https."""
        return self.public_url is not None and self.public_url.startswith("https:")

    @property
    def keys(self) -> tuple[str, ...]:
        """The secret keys, newest first."""
        return tuple(_split(self.secret_key))

    @property
    def kafka(self) -> KafkaConfig:
        """Connection settings of the cluster; raises UsageError when one of them is not set."""
        sasl = self.kafka_security_protocol.startswith("SASL")
        return KafkaConfig(
            bootstrap=self.required("kafka_bootstrap"),
            security_protocol=self.kafka_security_protocol,
            sasl_mechanism=self.kafka_sasl_mechanism,
            sasl_username=self.required("kafka_sasl_username") if sasl else None,
            sasl_password=self.required("kafka_sasl_password") if sasl else None,
            ssl_context=self._ssl_context(),
        )

    @property
    def installation(self) -> Installation:
        """Locations of the log and the views; raises UsageError if one is missing."""
        return Installation(
            self.kafka,
            self.topic_prefix,
            self.required("mongo_url"),
            self.mongo_database,
            self.batch_events,
            self.cache_url,
        )

    def required(self, name: str) -> str:
        """Return the value of a mandatory setting; raise UsageError with advice if it is not set."""
        value = getattr(self, name)
        if value is None:
            variable = _variable(name)
            raise UsageError(f"{variable} is not set: {HINTS[variable]}")
        return value.get_secret_value() if isinstance(value, SecretStr) else str(value)

    def _ssl_context(self) -> ssl.SSLContext | None:
        if not self.kafka_security_protocol.endswith("SSL"):
            return None
        try:
            context = ssl.create_default_context(cafile=self.kafka_ssl_cafile)
            if self.kafka_ssl_certfile:
                context.load_cert_chain(self.kafka_ssl_certfile, self.kafka_ssl_keyfile)
        except (ssl.SSLError, OSError) as error:
            raise UsageError(f"PORTAL_KAFKA_SSL_…: the certificates cannot be used: {error}") from None
        return context


def _split(secret: SecretStr | None) -> list[str]:
    text = secret.get_secret_value() if secret else ""
    return [part.strip() for part in text.split(",") if part.strip()]


def _weak_secret_reason(secret: str) -> str | None:
    """Return why a key or token may be guessable or publicly known; None if it looks random."""
    if len(secret) < MIN_SECRET_LENGTH:
        return f"https needs {MIN_SECRET_LENGTH} random characters or more, as `openssl rand -hex 32` prints them"
    if len(set(secret)) < MIN_DISTINCT_CHARACTERS or PLACEHOLDER_WORDS.search(secret):
        return "https needs a random text, and this one is none: `openssl rand -hex 32` prints one"
    return None


def _read_secret(path: str, variable: str) -> str:
    """Return the secret in a file without its trailing newline."""
    try:
        with Path(path).open("rb") as file:
            return file.read(MAX_SECRET_FILE_BYTES).decode().strip()
    except (OSError, ValueError) as error:
        raise UsageError(f"{variable}: the file cannot be read: {type(error).__name__}") from None


def _format_error(variable: str, problem: str) -> str:
    return f"{variable}: {problem}" + (f"; {HINTS[variable]}" if variable in HINTS else "")


def _variable(*path: int | str) -> str:
    return PREFIX + "_".join(str(part) for part in path).upper()


def _is_loopback(host: str) -> bool:
    if host == "localhost" or host.endswith(".localhost"):
        return True
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return False
