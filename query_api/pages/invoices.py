"""Invoices and payments: what is due, paying it, and what became of that."""

from collections.abc import Mapping
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final
from urllib.parse import quote, urlencode

from babel import Locale
from babel.numbers import NumberFormatError, parse_decimal
from litestar import Response, get, post
from litestar.di import NamedDependency
from litestar.exceptions import NotFoundException, ValidationException
from litestar.params import FromPath
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_409_CONFLICT,
    HTTP_422_UNPROCESSABLE_ENTITY,
    HTTP_503_SERVICE_UNAVAILABLE,
)
from litestar.types import ControllerRouterHandler

from events.fields import MINOR_UNIT_DIGITS
from query_api.customer.access import signed_in
from query_api.pages.context import Page, PageRequest, see
from query_api.pages.invoice_states import listed, state_of
from query_api.pages.render import formats_for, render
from query_api.payments.amounts import chargeable
from query_api.payments.errors import CannotPay, ProviderAway
from query_api.payments.routes import url_of
from query_api.payments.service import Payments
from query_api.payments.stripe_api import StripeAway
from read_models import pages
from read_models.documents import Doc, document_id, money
from read_models.pages import BadCursor, Part, Reading
from read_models.reads import Scope
from read_models.store.records import Checkout
from web.headers import CONTENT_SECURITY_POLICY

SHOWN: Final = 25
"""Rows of a list's part."""

STATUSES: Final = ("open", "paid", "void")

WAIT_SECONDS: Final = 1.5
"""How long an answer waits for the views, when a customer comes back from paying."""
AGAIN_SECONDS: Final = 2
LOOKED_FOR: Final = timedelta(seconds=30)
"""For so long the page looks again by itself (PORTAL.md, Invoice)."""


@get("/{slug:str}/invoices", include_in_schema=False)
async def invoices(page: NamedDependency[Page], request: PageRequest) -> Response[Any]:
    """All invoices, the latest first."""
    reading = reading_of(page, request)
    if reading is None:
        return sign_in(page, request)
    status = request.query_params.get("status")
    if status is not None and status not in STATUSES:
        raise ValidationException(f"status: one of {', '.join(STATUSES)}")
    found = await pages.invoices(reading, _part(request), [status] if status else ())
    rows = [{"item": item, "state": listed(item)} for item in found["items"]]
    values = {"rows": rows, "status": status, "statuses": STATUSES, "more": _more(request, found["next"])}
    return render("invoices.html", page.portal, page.reader, values)


@get("/{slug:str}/invoices/{invoice_id:str}", include_in_schema=False)
async def invoice(
    page: NamedDependency[Page], request: PageRequest, invoice_id: FromPath[str]
) -> Response[Any]:
    """One invoice, with Pay."""
    reading = reading_of(page, request)
    if reading is None:
        return sign_in(page, request)
    return await invoice_page(page, request, reading, invoice_id)


async def invoice_page(
    page: Page,
    request: PageRequest,
    reading: Reading,
    invoice_id: str,
    *,
    problem: str | None = None,
    typed: str = "",
    cancelled: bool = False,
    status: int = HTTP_200_OK,
) -> Response[str]:
    """The page of an invoice; `problem` is why it could not be paid just now. Raises NotFoundException."""
    found = await pages.invoice(reading, invoice_id)
    if found is None:
        raise NotFoundException
    due = found["amount_due"]
    pay = chargeable(due["amount"], due["currency"]) if found["payable"] and not found["processing"] else 0
    values = {
        "invoice": found,
        "state": state_of(found),
        "pay": money(pay, due["currency"]) if pay else None,
        "problem": problem,
        "typed": typed,
        "cancelled": cancelled,
    }
    response = render("invoice.html", page.portal, page.reader, values, status=status)
    if pay:
        _let_forms_lead_to_the_payment_page(response, request)
    return response


@post("/{slug:str}/invoices/{invoice_id:str}/checkout", include_in_schema=False, status_code=HTTP_200_OK)
async def checkout(
    page: NamedDependency[Page], request: PageRequest, invoice_id: FromPath[str]
) -> Response[Any]:
    """Leads to the page where the invoice is paid; where that is not possible, says so on the invoice."""
    reading = reading_of(page, request)
    if reading is None:
        return sign_in(page, request, f"invoices/{invoice_id}")
    typed = str((await request.form()).get("amount", "")).strip()
    try:
        amount = await _amount(page, reading, invoice_id, typed) if typed else None
        url = await url_of(request, await signed_in(request), reading, invoice_id, amount)
    except NumberFormatError:
        problem, status = "amount_malformed", HTTP_422_UNPROCESSABLE_ENTITY
    except CannotPay as error:
        problem, status = error.reason, HTTP_409_CONFLICT
    except ProviderAway:
        problem, status = "provider_away", HTTP_503_SERVICE_UNAVAILABLE
    else:
        response = see(url)
        _let_forms_lead_to_the_payment_page(response, request)
        return response
    return await invoice_page(page, request, reading, invoice_id, problem=problem, typed=typed, status=status)


@get("/{slug:str}/invoices/{invoice_id:str}/return/{payment_id:str}", include_in_schema=False)
async def returned(
    page: NamedDependency[Page], request: PageRequest, invoice_id: FromPath[str], payment_id: FromPath[str]
) -> Response[Any]:
    """Where the payment page leads back to: paid, or being processed and looking again, or not paid."""
    reading = reading_of(page, request)
    if reading is None:
        return sign_in(page, request)
    payments, known = await _checkout_of(request, reading, payment_id)
    if payments is None or known is None or known.invoice != invoice_id:
        raise NotFoundException
    known = await payments.outcomes.returned(known)
    if known is None:
        raise NotFoundException
    if known.state in ("opening", "open", "expired"):
        return see(f"{page.root}invoices/{invoice_id}")
    shown = known.facts != () and await payments.outcomes.shown(known, WAIT_SECONDS)
    outcome = known.state if shown and known.state in ("paid", "failed") else "processing"
    payment = await pages.payment(reading, payment_id) if outcome != "processing" else None
    if payment is None:
        outcome = "processing"
    over = known.returned_at is not None and page.reader.now - known.returned_at >= LOOKED_FOR
    if outcome == "processing" and over:
        await payments.outcomes.promise_mail(known)
    found = await reading.document("invoice", invoice_id)
    if found is None:
        raise NotFoundException
    values = {
        "outcome": outcome,
        "over": over,
        "payment": payment,
        "amount": money(known.amount, known.currency),
        "number": found["number"],
        "invoice_id": invoice_id,
    }
    response = render("returned.html", page.portal, page.reader, values)
    if outcome == "processing" and not over:
        # Without JavaScript, and without a mark in the page: the address stays, and so does going back.
        response.headers["Refresh"] = str(AGAIN_SECONDS)
    return response


@get("/{slug:str}/invoices/{invoice_id:str}/cancelled", include_in_schema=False)
async def cancelled(
    page: NamedDependency[Page], request: PageRequest, invoice_id: FromPath[str]
) -> Response[Any]:
    """Where the payment page leads to when nothing was paid: that is said only when it is so."""
    reading = reading_of(page, request)
    if reading is None:
        return sign_in(page, request)
    payments: Payments | None = request.app.state.payments
    latest = (
        await payments.checkouts.latest(document_id(*reading.scope, "invoice", invoice_id))
        if payments
        else None
    )
    if payments and latest and latest.session:
        try:
            latest = await payments.outcomes.report(latest, latest.session)
        except StripeAway:
            return see(f"{page.root}invoices/{invoice_id}")
        if latest and latest.state in ("paid", "processing", "failed"):
            return see(f"{page.root}invoices/{invoice_id}/return/{latest.id}")
    return await invoice_page(page, request, reading, invoice_id, cancelled=latest is not None)


@get("/{slug:str}/payments", include_in_schema=False)
async def payments(page: NamedDependency[Page], request: PageRequest) -> Response[Any]:
    """The payment history, the latest first."""
    reading = reading_of(page, request)
    if reading is None:
        return sign_in(page, request)
    found = await pages.payments(reading, _part(request))
    values = {"payments": found["items"], "more": _more(request, found["next"])}
    return render("payments.html", page.portal, page.reader, values)


@get("/{slug:str}/payments/{payment_id:str}", include_in_schema=False)
async def receipt(
    page: NamedDependency[Page], request: PageRequest, payment_id: FromPath[str]
) -> Response[Any]:
    """One payment: its receipt."""
    reading = reading_of(page, request)
    if reading is None:
        return sign_in(page, request)
    found = await pages.payment(reading, payment_id)
    if found is None:
        raise NotFoundException
    return render("receipt.html", page.portal, page.reader, {"payment": found})


def reading_of(page: Page, request: PageRequest) -> Reading | None:
    """What the signed-in customer may read; None when nobody is signed in."""
    if page.known is None:
        return None
    state, customer = request.app.state, page.known.document
    checkouts = state.payments.checkouts if state.payments else None
    scope = Scope(customer["business"], customer["customer"])
    return Reading(state.store, scope, page.business, page.reader.now, checkouts)


def sign_in(page: Page, request: PageRequest, path: str | None = None) -> Response[Any]:
    """Leads to the sign-in, which comes back to the page that was asked for, or to `path` of the portal."""
    wanted = request.url.path if path is None else page.root + path
    return see(f"{page.root}sign-in?next={quote(wanted, safe='/')}")


async def _checkout_of(
    request: PageRequest, reading: Reading, payment_id: str
) -> tuple[Payments | None, Checkout | None]:
    payments: Payments | None = request.app.state.payments
    known = await payments.checkouts.find(payment_id) if payments else None
    mine = known is not None and (known.business, known.customer) == tuple(reading.scope)
    return payments, known if mine else None


async def _amount(page: Page, reading: Reading, invoice_id: str, typed: str) -> int:
    """What was typed, in minor units of the invoice's currency. Raises NumberFormatError, NotFoundException."""
    found: Doc | None = await reading.document("invoice", invoice_id)
    if found is None:
        raise NotFoundException
    return minor_units(
        typed, formats_for(page.business, page.reader).locale, MINOR_UNIT_DIGITS[found["currency"]]
    )


def minor_units(typed: str, locale: Locale, digits: int) -> int:
    """An amount as people write it, in minor units of so many digits. Raises NumberFormatError."""
    written = typed.strip("$€£¥\u202f\xa0 ")
    amount: Decimal = parse_decimal(written, locale=locale, strict=True).scaleb(digits)
    if not amount.is_finite() or amount != amount.to_integral_value() or not 0 < amount < 2**53:
        raise NumberFormatError("not an amount of this currency")
    return int(amount)


def _let_forms_lead_to_the_payment_page(response: Response[Any], request: PageRequest) -> None:
    """Browsers hold a form's redirects to `form-action` as well."""
    where = request.app.state.payment_page
    if where is not None:
        policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", f"form-action 'self' {where}")
        response.headers["Content-Security-Policy"] = policy


def _part(request: PageRequest) -> Part:
    try:
        return Part.behind(request.query_params.get("cursor"), SHOWN)
    except BadCursor as error:
        raise ValidationException("cursor: This is no cursor of a list.") from error


def _more(request: PageRequest, cursor: str | None) -> str | None:
    """The query of the list's next part."""
    if cursor is None:
        return None
    kept: Mapping[str, str] = {
        name: value for name, value in request.query_params.items() if name != "cursor"
    }
    return "?" + urlencode({**kept, "cursor": cursor})


ROUTES: list[ControllerRouterHandler] = [
    invoices,
    invoice,
    checkout,
    returned,
    cancelled,
    payments,
    receipt,
]
