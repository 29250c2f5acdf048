"""Mail messages in a business's name: headers that no text can forge, a text part and an HTML part."""

import unicodedata
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from ipaddress import ip_address
from typing import NamedTuple

from css_inline import CSSInliner

from read_models.documents import Doc

INLINER = CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)


class RenderedMail(NamedTuple):
    """Rendered mail: subject, text and HTML."""

    subject: str
    text: str
    page: str
    """The same as HTML."""


class InvalidRecipient(Exception):
    """The address is none that a mail can be sent to."""


def build_message(
    business: Doc, to: Address, host: str, id_: str, at: datetime, written: RenderedMail
) -> EmailMessage:
    """Return a mail in the business's name; `host` is the public one, `id_` is the same at every attempt."""
    mail = EmailMessage(policy=SMTP)
    mail["Subject"] = written.subject
    mail["From"] = Address(sanitize_header(business["name"]), "no-reply", sending_domain(host))
    mail["To"] = to
    mail["Date"] = format_datetime(at.astimezone(UTC))
    mail["Message-ID"] = f"<{id_}@{sending_domain(host)}>"
    # RFC 3834: no holiday reply is wanted.
    mail["Auto-Submitted"] = "auto-generated"
    if (reply_to := parse_address(business["support"]["email"])) is not None:
        mail["Reply-To"] = reply_to
    mail.set_content(written.text)
    mail.add_alternative(INLINER.inline(written.page), subtype="html")
    return mail


def sanitize_header(name: str) -> str:
    """Return a name as a header may hold it: one line, no control characters, and no encoded word (RFC 2047).

    What is assigned to a header is read first, and an encoded word in it may stand for line breaks.
    """
    plain = "".join(char for char in " ".join(name.split()) if not unicodedata.category(char).startswith("C"))
    return plain.replace("=?", "= ?")


def sending_domain(host: str) -> str:
    """Return the domain that mails come from: the public host, if it has a name."""
    try:
        ip_address(host)
    except ValueError:
        return host
    return "localhost"


def parse_address(email: str) -> Address | None:
    """Return an address that can stand in a header; None for a text that cannot."""
    text = email.strip()
    if sanitize_header(text) != text:
        return None
    try:
        return Address(addr_spec=text)
    except Exception:  # noqa: BLE001 -- the parser fails at malformed addresses in many ways, AttributeError is one
        return None
