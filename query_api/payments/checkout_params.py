"""Parameters of a Checkout Session: the amount, named as the customer knows it, in the customer's language."""

import re
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final, NamedTuple

from babel import Locale

from query_api.http.public_urls import portal_url
from query_api.payments.amounts import to_stripe
from read_models.documents import Doc
from web.languages import load, parse_tag, select_locale
from web.templating import TemplateRenderer

HERE: Final = Path(__file__).parent
TEXTS: Final = TemplateRenderer(HERE / "templates", load(HERE / "locale"))

LONGEST_NAME: Final = 200
_PLAIN_ADDRESS: Final = re.compile(r"[^@\s]{1,64}@[^@\s]+\.[A-Za-z0-9-]{2,}", re.ASCII)
"""What Stripe takes for an e-mail address; with any other the customer types it there."""

LOCALES: Final = frozenset(
    {
        *(
            "bg",
            "cs",
            "da",
            "de",
            "el",
            "en",
            "en-GB",
            "es",
            "es-419",
            "et",
            "fi",
            "fil",
            "fr",
            "fr-CA",
            "hr",
        ),
        *("hu", "id", "it", "ja", "ko", "lt", "lv", "ms", "mt", "nb", "nl", "pl", "pt", "pt-BR", "ro", "ru"),
        *("sk", "sl", "sv", "th", "tr", "vi", "zh", "zh-HK", "zh-TW"),
    }
)
"""The languages of Stripe's payment page."""


class CheckoutRequest(NamedTuple):
    """Payer, invoice, amount, and the portal to return to."""

    payment: str
    """The id of the payment, `pp_…`."""
    business: Doc
    customer: Doc
    invoice: Doc
    address: str
    """The e-mail address of who pays."""
    amount: int
    """In minor units."""
    origin: str
    """What the business's addresses begin with."""


def checkout_params(paying: CheckoutRequest) -> Mapping[str, Any]:
    """Return the parameters of the session."""
    business, invoice = paying.business, paying.invoice
    locale = locale_of(paying.customer, business)
    names = {"number": invoice["number"], "business": business["name"]}
    product = {
        "name": TEXTS.render("item.txt", locale.language, names).strip()[:LONGEST_NAME],
        "description": business["name"][:LONGEST_NAME] or None,
    }
    price = {
        "currency": invoice["currency"],
        "unit_amount": to_stripe(paying.amount, invoice["currency"]),
        "product_data": {name: text for name, text in product.items() if text},
    }
    page = f"invoices/{invoice['id']}"
    # A charge takes over what its payment says: so whatever comes of it names the payment.
    names = {
        "payment": paying.payment,
        "invoice": invoice["id"],
        "business": business["id"],
        "customer": paying.customer["id"],
    }
    params = {
        "mode": "payment",
        "line_items": [{"quantity": 1, "price_data": price}],
        "client_reference_id": paying.payment,
        "metadata": names,
        "payment_intent_data": {"metadata": names, "description": product["name"]},
        "locale": stripe_locale(paying.customer["locale"] or business["locale"]),
        "success_url": portal_url(paying.origin, business, f"{page}/return/{paying.payment}"),
        "cancel_url": portal_url(paying.origin, business, f"{page}/cancelled"),
    }
    if _PLAIN_ADDRESS.fullmatch(paying.address):
        params["customer_email"] = paying.address
    return params


def locale_of(customer: Doc, business: Doc) -> Locale:
    """Return the customer's locale, else the business's, among those there are texts in."""
    return select_locale((customer["locale"], business["locale"]), TEXTS.languages)


def stripe_locale(tag: str) -> str:
    """Return the language of Stripe's page that is nearest to a BCP 47 tag; `auto` leaves it to the browser."""
    locale = parse_tag(tag)
    if locale is None:
        return "auto"
    exact = f"{locale.language}-{locale.territory}"
    if exact in LOCALES:
        return exact
    if locale.language == "es" and locale.territory not in (None, "ES"):
        return "es-419"
    return locale.language if locale.language in LOCALES else "auto"
