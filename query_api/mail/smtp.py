"""The SMTP server that mails go through, step by step: the mailer has to know at which step something failed."""

from email.message import EmailMessage
from email.policy import SMTP as ASCII
from email.policy import SMTPUTF8
from typing import NamedTuple, Self
from urllib.parse import unquote, urlsplit

from aiosmtplib import SMTP, SMTPNotSupported

PATIENCE_SECONDS = 15.0
"""What the server may take for one command."""

PERMANENT = 500
"""Replies from here on say that trying again is in vain (RFC 5321, 4.2.1)."""


class SmtpServer(NamedTuple):
    """A server, as `PORTAL_SMTP_URL` names it."""

    host: str
    port: int | None
    tls: bool
    """From the first byte; else it is begun where the server offers it."""
    user: str | None
    password: str | None

    @classmethod
    def from_url(cls, url: str) -> Self:
        """Return the server of `smtp[s]://[user:password@]host[:port]`; raises ValueError for anything else."""
        parts = urlsplit(url)
        if parts.scheme not in ("smtp", "smtps") or not parts.hostname:
            raise ValueError("PORTAL_SMTP_URL: an address such as smtp://mail.example.com:587")
        user, password = (unquote(text) if text else None for text in (parts.username, parts.password))
        return cls(parts.hostname, parts.port, parts.scheme == "smtps", user, password)

    def connection(self, name: str) -> SMTP:
        """Return a connection to open with `async with`; `name` is the host name that we say we are."""
        return SMTP(
            hostname=self.host,
            port=self.port,
            username=self.user,
            password=self.password,
            use_tls=self.tls,
            local_hostname=name,
            timeout=PATIENCE_SECONDS,
        )


async def send_envelope(connection: SMTP, mail: EmailMessage) -> None:
    """Say who sends to whom. What the server refuses is raised as aiosmtplib does; so is SMTPNotSupported."""
    sender, to = (mail[name].addresses[0].addr_spec for name in ("From", "To"))
    if to.isascii():
        await connection.mail(sender)
        await connection.rcpt(to)
        return
    await connection.ehlo()
    if not connection.supports_extension("smtputf8"):
        raise SMTPNotSupported("the address needs SMTPUTF8")
    await connection.mail(sender, options=["SMTPUTF8"], encoding="utf-8")
    await connection.rcpt(to, encoding="utf-8")


def serialize(mail: EmailMessage) -> bytes:
    """Return the mail as it is sent."""
    return mail.as_bytes(policy=ASCII if mail["To"].addresses[0].addr_spec.isascii() else SMTPUTF8)
