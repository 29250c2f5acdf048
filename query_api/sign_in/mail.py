"""Sign-in mail with code and link, in the customer's language, as text and as HTML."""

from collections.abc import Sequence
from datetime import datetime
from email.headerregistry import Address
from email.message import EmailMessage
from pathlib import Path
from typing import NamedTuple

from query_api.http.public_urls import portal_url
from query_api.mail.message import (
    InvalidRecipient,
    RenderedMail,
    build_message,
    parse_address,
    sanitize_header,
)
from read_models.customer import normalize_email
from read_models.documents import Doc
from web.colours import palette
from web.languages import load, select_locale
from web.templating import TemplateRenderer

PARTS = ("subject.txt", "code.txt", "code.html")

HERE = Path(__file__).parent

TEXTS = TemplateRenderer(HERE / "templates", load(HERE / "locale"))


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


def compose_sign_in_mail(letter: SignInMail, host: str) -> EmailMessage:
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


def recipient_address(letter: SignInMail) -> Address:
    """Return the address as the customer's record has it: what was typed is only known to compare equal."""
    held = (email for customer in letter.customers for email in customer["emails"])
    written = parse_address(next(email for email in held if normalize_email(email) == letter.address))
    if written is None:
        raise InvalidRecipient
    return written
