"""Configuration of the query API (docs/contracts/api.md, Environment)."""

from collections.abc import Mapping
from dataclasses import dataclass, field, fields
from datetime import timedelta
from typing import Any, ClassVar, Self


@dataclass(frozen=True)
class SignInLimits:
    """Limits of sign-in attempts (docs/contracts/api.md, Sign-in)."""

    MAILS_WITHIN: ClassVar = timedelta(minutes=15)
    WRONG_CODES_WITHIN: ClassVar = timedelta(minutes=10)

    mails_per_address: int = 5
    """Of a business, in `MAILS_WITHIN`."""
    mails_per_network: int = 60
    wrong_codes_per_address: int = 5
    """Of an address and a browser, over all its codes, in `WRONG_CODES_WITHIN`."""
    wrong_codes_per_network: int = 50

    @classmethod
    def read(cls, given: Mapping[str, int]) -> Self:
        """Return the limits with some of them set by name; raises ValueError for a name that is none, or a negative
        number."""
        names = [known.name for known in fields(cls)]
        for name, value in given.items():
            if name not in names:
                raise ValueError(f"there is no limit {name}: they are {', '.join(names)}")
            if value < 0:
                raise ValueError(f"{name} is a number of times, 0 or more")
        return cls(**given)


@dataclass(frozen=True)
class PaymentsConfig:
    """Configuration of online payments. Nothing secret is in the repr."""

    api_key: str = field(repr=False)
    webhook_secret: str = field(repr=False)
    kafka: Mapping[str, Any] = field(repr=False)
    """The arguments that every client of the cluster takes."""
    topic: str
    """Full name of the topic of payments."""
    api_base: str | None = None
    """Where Stripe's API is; None: at Stripe's own place."""

    @property
    def page_origin(self) -> str:
        """Origin of the payment pages, which forms may lead to."""
        return self.api_base or "https://checkout.stripe.com"


@dataclass(frozen=True)
class QueryApiConfig:
    """The settings of one process. Nothing secret is in the repr."""

    mongo_url: str = field(repr=False)
    mongo_database: str
    public_url: str
    """Scheme and authority under which customers reach the portal, without a trailing slash."""
    smtp_url: str | None = field(default=None, repr=False)
    """`smtp[s]://[user:password@]host[:port]`; None: no mail is sent, and nobody can sign in."""
    secret_keys: tuple[str, ...] = field(default=(), repr=False)
    """Newest first: the first makes hashes, all verify them. None: nobody can sign in."""
    media_url: str | None = None
    """Where businesses' files are read from, `file://` or `s3://`; None: there are neither logos nor files."""
    cache_url: str | None = None
    """Where copies of customers' files are kept; None: there are no files."""
    payments: PaymentsConfig | None = None
    """None: nothing can be paid online."""
    limits: SignInLimits = field(default_factory=SignInLimits)

    @property
    def https(self) -> bool:
        """True in production: customers reach the portal by https only."""
        return self.public_url.startswith("https:")

    @property
    def sign_in(self) -> bool:
        """True where people can sign in."""
        return bool(self.smtp_url and self.secret_keys)
