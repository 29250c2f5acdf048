"""The mail with code and link: in the business's name, in the customer's language, as text and as HTML."""

import unicodedata
from collections.abc import Sequence
from datetime import UTC, datetime
from email.headerregistry import Address
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime
from ipaddress import ip_address
from pathlib import Path
from typing import NamedTuple

from css_inline import CSSInliner

from query_api.http.public_urls import portal_url
from read_models.customer import normalize_email
from read_models.documents import Doc
from web.colours import palette
from web.languages import load, select_locale
from web.templating import TemplateRenderer

PARTS = ("subject.txt", "code.txt", "code.html")

HERE = Path(__file__).parents[1] / "sign_in"

TEXTS = TemplateRenderer(HERE / "templates", load(HERE / "locale"))

INLINER = CSSInliner(load_remote_stylesheets=False, keep_style_tags=True)


class SignInMail(NamedTuple):
    """Contents of a sign-in mail."""

    id: str
    """The same at every attempt, so that a mail system that saw it before can tell."""
    business: Doc
    customers: Sequence[Doc]
    """Those the address belongs to, at least one; the first one's language is the mail's."""
    address: str
    """As addresses are compared."""
    origin: str
    """Scheme and authority that links begin with."""
    code: str
    token: str
    at: datetime


class RenderedMail(NamedTuple):
    """Rendered mail: subject, text and HTML."""

    subject: str
    text: str
    page: str
    """The same as HTML."""


class InvalidRecipient(Exception):
    """The address is none that a mail can be sent to."""


def compose(letter: SignInMail, host: str) -> EmailMessage:
    """Return the mail. `host` is the public one, which the sender's address is at. Raises InvalidRecipient."""
    business = letter.business
    name = sanitize_header(business["name"])
    locale = select_locale((letter.customers[0]["locale"], business["locale"]), TEXTS.languages)
    brand = palette(business["branding"]["primary_color"])
    values = {
        "name": name,
        "business": business,
        "code": letter.code,
        "link": portal_url(letter.origin, business, f"sign-in/{letter.token}"),
        "logo": portal_url(letter.origin, business, "media/logo") if business["branding"]["logo"] else None,
        "brand": brand,
        "language": locale.language,
    }
    subject, text, page = (TEXTS.render(part, locale.language, values).strip() for part in PARTS)
    written = RenderedMail(subject, text, page)
    return build_message(business, recipient_address(letter), host, letter.id, letter.at, written)


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


def recipient_address(letter: SignInMail) -> Address:
    """Return the address as the customer's record has it: what was typed is only known to compare equal."""
    held = (email for customer in letter.customers for email in customer["emails"])
    written = parse_address(next(email for email in held if normalize_email(email) == letter.address))
    if written is None:
        raise InvalidRecipient
    return written


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
