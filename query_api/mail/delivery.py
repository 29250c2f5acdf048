"""One attempt to deliver a mail, the same for every kind: composed, announced, marked as sent, handed over.

A mail is marked as sent after the server has accepted sender and recipient, and before it is given the mail: whatever
fails earlier is tried again, whatever fails later is not, unless the server says that it did not take the mail.
"""

from collections.abc import Awaitable, Callable
from email.message import EmailMessage
from typing import Literal, NamedTuple

from aiosmtplib import (
    SMTPDataError,
    SMTPException,
    SMTPNotSupported,
    SMTPRecipientRefused,
    SMTPResponseException,
)

from query_api.mail.message import sending_domain
from query_api.mail.smtp import PERMANENT, SmtpServer, send_envelope, serialize
from read_models.store import StoreUnavailable


class DeliveryAttempt(NamedTuple):
    """Result of an attempt."""

    result: Literal["sent", "superseded", "unwritable", "refused", "uncertain", "deferred"]
    """`superseded`: another process sent it; `uncertain`: the connection broke after it was marked as sent;
    `refused`: for good; `deferred`: it has certainly not left and may be tried again."""
    reason: str = ""
    """Status of the server's reply, or the type of the error: its text may quote an address."""


async def attempt_delivery(
    server: SmtpServer,
    host: str,
    compose: Callable[[], EmailMessage],
    mark_sent: Callable[[], Awaitable[bool]],
) -> DeliveryAttempt:
    """Compose a mail and hand it to the server; `mark_sent` returns False where it is another process's by now."""
    try:
        mail = compose()
        content = serialize(mail)
    except Exception as error:  # noqa: BLE001 -- texts of a business or customer that break a mail will break it again
        return DeliveryAttempt("unwritable", type(error).__name__)
    marked = False
    try:
        async with server.connection(sending_domain(host)) as connection:
            await send_envelope(connection, mail)
            marked = await mark_sent()
            if marked:
                await connection.data(content)
    except (SMTPRecipientRefused, SMTPDataError, SMTPNotSupported) as error:
        # The server has said that it did not take the mail, or that it cannot.
        reply = error.code if isinstance(error, SMTPResponseException) else PERMANENT
        return DeliveryAttempt("refused" if reply >= PERMANENT else "deferred", str(reply))
    except (SMTPException, OSError, StoreUnavailable) as error:
        return DeliveryAttempt("uncertain" if marked else "deferred", type(error).__name__)
    return DeliveryAttempt("sent" if marked else "superseded")
