"""The mailer: every process runs one, and together they send each mail once.

It looks for work by itself, a few times a second, and is never woken by a request: how long an answer takes says
nothing of whether there was a mail to write. The mail is noted as sent after the server has accepted sender and
recipient, and before it is given the mail: whatever fails earlier is tried again, whatever fails later is not, but
where the server says that it did not take the mail. Code and link are made for each attempt, and only hashes kept.
"""

import asyncio
import random
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from datetime import datetime, timedelta
from email.message import EmailMessage
from email.policy import SMTPUTF8
from typing import NamedTuple
from urllib.parse import unquote, urlsplit

import structlog
from aiosmtplib import SMTP, SMTPDataError, SMTPException, SMTPRecipientRefused

from query_api.addresses import Addresses
from query_api.sign_in.mail import Letter, compose, sending_domain
from query_api.sign_in.secrets import Keys, digest, new_code, new_token
from read_models.documents import Doc
from read_models.reads import Clock, Reads
from read_models.store import Store, Unavailable, patiently
from read_models.store.records import Records, SignIn

log = structlog.get_logger(__name__)

LOOK_EVERY_SECONDS = 0.2
AT_ONCE = 4
"""Mails that a process sends side by side."""

CLAIM = timedelta(seconds=90)
"""Longer than one attempt takes."""

PATIENCE_SECONDS = 15.0
"""What the server may take for one command."""

STOP_WITHIN_SECONDS = 10.0
"""What mails under way are given to be sent when the process ends."""

TRIED_FOR = timedelta(minutes=15)
"""A mail that comes later than this is of no use to anybody any more."""

LONGEST_PAUSE_SECONDS = 30
PERMANENT = 500
"""Replies from here on say that trying again is in vain (RFC 5321, 4.2.1)."""


class Server(NamedTuple):
    """An SMTP server, as `PORTAL_SMTP_URL` names it."""

    host: str
    port: int | None
    tls: bool
    user: str | None
    password: str | None

    @classmethod
    def of(cls, url: str) -> "Server":
        """The server of `smtp[s]://[user:password@]host[:port]`; raises ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("PORTAL_SMTP_URL: an address such as smtp://mail.example.com:587")
        user, password = (unquote(text) if text else None for text in (parts.username, parts.password))
        return cls(parts.hostname, parts.port, parts.scheme == "smtps", user, password)


class Mailer:
    """Sends the mails of sign-ins that were asked for."""

    def __init__(
        self,
        records: Records,
        store: Store,
        reads: Reads,
        keys: Keys,
        smtp_url: str,
        addresses: Addresses,
        clock: Clock,
    ) -> None:
        """Raises ValueError for an SMTP address that is none."""
        self._sign_ins = records.sign_ins
        self._store = store
        self._reads = reads
        self._keys = keys
        self._server = Server.of(smtp_url)
        self._addresses = addresses
        self._clock = clock
        self._stopping = asyncio.Event()

    async def run(self) -> None:
        """Sends mails as they become due, until `stop`."""
        async with asyncio.TaskGroup() as group:
            for _ in range(AT_ONCE):
                group.create_task(self._work())

    def stop(self) -> None:
        """Lets mails under way be finished and begins no others."""
        self._stopping.set()

    async def send_next(self) -> bool:
        """Deals with the mail that has been due for longest; False when none is."""
        now = self._clock()
        claimed = await self._sign_ins.claim(now, now + CLAIM)
        if claimed is None:
            return False
        letter = await self._letter(claimed)
        if letter is None or now - claimed.asked_at > TRIED_FOR:
            if letter:
                log.error("mail.given_up", sign_in=claimed.id, attempts=claimed.attempts)
            await self._sign_ins.drop(claimed)
            return True
        await self._deliver(claimed, letter)
        return True

    async def _work(self) -> None:
        while not self._stopping.is_set():
            try:
                found = await self.send_next()
            except Unavailable:
                found = False
            except Exception:
                # One mail's trouble is not the others': it is due again when its claim has run out.
                log.exception("mail.failed")
                found = False
            if not found:
                await self._pause(LOOK_EVERY_SECONDS * random.uniform(0.5, 1.5))  # noqa: S311 -- spreads, hides nothing

    async def _pause(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._stopping.wait()
        except TimeoutError:
            return

    async def _letter(self, claimed: SignIn) -> Letter | None:
        """What is to be mailed; None where nobody of the business has the address, or the business is gone."""
        (business,) = await self._store.documents(claimed.business)
        customers = await self._reads.customers_of(claimed.business, claimed.address)
        if business is None or not business["shown"] or business["closed"] or not customers:
            return None
        return Letter(
            claimed.id,
            business,
            customers,
            claimed.address,
            await self._origin(business),
            new_code(),
            new_token(),
            self._clock(),
        )

    async def _origin(self, business: Doc) -> str:
        host = business["portal_host"]
        if host and self._addresses.may_be_custom(host):
            winner = await self._reads.business_of_host(host)
            if winner and winner["_id"] == business["_id"]:
                return self._addresses.custom(host)
        return self._addresses.public

    async def _deliver(self, claimed: SignIn, letter: Letter) -> None:
        mail = compose(letter, self._addresses.host)
        try:
            async with self._connection() as server:
                await _envelope(server, mail)
                if not await self._hand_over(claimed, letter):
                    return
                await server.data(mail.as_bytes(policy=SMTPUTF8 if _needs_utf8(mail) else None))
                log.info("mail.sent", sign_in=claimed.id, attempts=claimed.attempts)
        except (SMTPRecipientRefused, SMTPDataError) as error:
            if error.code >= PERMANENT:
                log.error("mail.refused", sign_in=claimed.id, status=error.code)
                await patiently(lambda: self._sign_ins.drop(claimed))
            else:
                await self._put_off(claimed, error)
        except (SMTPException, OSError, TimeoutError, Unavailable) as error:
            await self._put_off(claimed, error)
