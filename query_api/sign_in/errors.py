"""Why somebody does not get in. What they say is the same for known and unknown addresses."""

from collections.abc import Sequence
from datetime import timedelta
from typing import TypedDict


class Account(TypedDict):
    """A customer that an address may sign in as (docs/contracts/api.md, Sign-in)."""

    id: str
    name: str
    address: str | None
    """The first line of the customer's first address."""


class InvalidEmail(Exception):
    """The given e-mail address cannot be one."""


class InvalidCredentials(Exception):
    """The code or link is wrong, used or expired; which of them is not told."""


class TooManyAttempts(Exception):
    """Too many tries; the next one is worth it after `retry_after`."""

    def __init__(self, retry_after: timedelta) -> None:
        super().__init__(retry_after)
        self.retry_after = retry_after


class AccountChoiceRequired(Exception):
    """The code or link is right, and not used up: the address belongs to several customers, one is to be chosen."""

    def __init__(self, accounts: Sequence[Account]) -> None:
        super().__init__(len(accounts))
        self.accounts = accounts


class SignInDisabled(Exception):
    """Nobody can sign in: `PORTAL_SMTP_URL` or `PORTAL_SECRET_KEY` is not set."""
