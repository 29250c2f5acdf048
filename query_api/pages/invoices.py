"""Invoices and payments: what is due, paying it, and what became of that."""

import re
from datetime import timedelta
from decimal import Decimal
from typing import Any, Final

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

from events.types import MINOR_UNIT_DIGITS
from query_api.pages.presenters.invoice_state import listed, state_of
from query_api.pages.render import formats_for
from query_api.pages.request_context import PageRequest, redirect_see_other
from query_api.pages.signed_in import SignedInPage, found_or_404, page_query, pagination_links
from query_api.payments.amounts import chargeable
from query_api.payments.checkout import CheckoutService
from query_api.payments.errors import NotPayable, PaymentProviderUnavailable
from query_api.payments.routes import url_of
from query_api.payments.stripe_api import StripeRejected, StripeUnavailable
from query_api.services import services_of
from read_models import queries
from read_models.documents import document_id, money
from read_models.queries import QueryContext
from read_models.store.operational import Checkout
from web.security_headers import CONTENT_SECURITY_POLICY

_DIGITS: Final = re.compile(r"[0-9.,\u202f\xa0 '’]{1,40}")
"""What an amount is written with: the parser itself takes exponents, too."""

STATUSES: Final = ("open", "paid", "void")

WAIT_SECONDS: Final = 1.5
"""How long an answer waits for the views, when a customer comes back from paying."""
POLL_INTERVAL_S: Final = 2
POLL_FOR: Final = timedelta(seconds=30)
"""For so long the page looks again by itself (docs/contracts/pages.md, Invoice)."""


@get("/{slug:str}/invoices", include_in_schema=False)
async def invoices(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Return all invoices, the latest first."""
    status = request.query_params.get("status")
    if status is not None and status not in STATUSES:
        raise ValidationException(f"status: one of {', '.join(STATUSES)}")
    found = await queries.invoices(visitor.reading, page_query(request), [status] if status else ())
    rows = [{"item": item, "state": listed(item)} for item in found["items"]]
    return visitor.render("invoices.html", rows=rows, status=status, **pagination_links(request, found))


@get("/{slug:str}/invoices/{invoice_id:str}", include_in_schema=False)
async def invoice(
    visitor: NamedDependency[SignedInPage], request: PageRequest, invoice_id: FromPath[str]
) -> Response[Any]:
    """Return one invoice, with Pay."""
    return await invoice_page(visitor, request, invoice_id)


async def invoice_page(
    visitor: SignedInPage,
    request: PageRequest,
    invoice_id: str,
    *,
    problem: str | None = None,
    typed: str = "",
    cancelled: bool = False,
    status: int = HTTP_200_OK,
) -> Response[str]:
    """Return the page of an invoice; `problem` is why it could not be paid just now. Raises NotFoundException."""
    found = found_or_404(await queries.invoice(visitor.reading, invoice_id))
    due = found["amount_due"]
    pay = chargeable(due["amount"], due["currency"]) if found["payable"] and not found["processing"] else 0
    response = visitor.render(
        "invoice.html",
        invoice=found,
        state=state_of(found),
        pay=money(pay, due["currency"]) if pay else None,
        problem=problem,
        typed=typed,
        cancelled=cancelled,
    )
    response.status_code = status
    if pay:
        _allow_form_action(response, request)
    return response


@post("/{slug:str}/invoices/{invoice_id:str}/checkout", include_in_schema=False, status_code=HTTP_200_OK)
async def checkout(
    visitor: NamedDependency[SignedInPage], request: PageRequest, invoice_id: FromPath[str]
) -> Response[Any]:
    """Lead to the page where the invoice is paid; where that is not possible, says so on the invoice."""
    typed = str((await request.form()).get("amount", "")).strip()
    try:
        amount = await _amount(visitor, invoice_id, typed) if typed else None
        url = await url_of(request, visitor.session, visitor.reading, invoice_id, amount)
    except NumberFormatError:
        problem, status = "amount_malformed", HTTP_422_UNPROCESSABLE_ENTITY
    except NotPayable as error:
        problem, status = error.reason, HTTP_409_CONFLICT
    except PaymentProviderUnavailable:
        problem, status = "provider_away", HTTP_503_SERVICE_UNAVAILABLE
    else:
        response = redirect_see_other(url)
        _allow_form_action(response, request)
        return response
    return await invoice_page(visitor, request, invoice_id, problem=problem, typed=typed, status=status)


@get("/{slug:str}/invoices/{invoice_id:str}/return/{payment_id:str}", include_in_schema=False)
async def returned(
    visitor: NamedDependency[SignedInPage],
    request: PageRequest,
    invoice_id: FromPath[str],
    payment_id: FromPath[str],
) -> Response[Any]:
    """Return where the payment page leads back to: paid, or being processed and looking again, or not paid."""
    payments, known = await _checkout_of(request, visitor.reading, payment_id)
    if payments is None or known is None or known.invoice != invoice_id:
        raise NotFoundException
    known = await payments.outcomes.on_return(known)
    if known is None:
        raise NotFoundException
    if known.state in ("opening", "open", "expired"):
        return redirect_see_other(f"{visitor.root}invoices/{invoice_id}")
    shown = known.facts != () and await payments.outcomes.is_visible(known, WAIT_SECONDS)
    outcome = known.state if shown and known.state in ("paid", "failed") else "processing"
    payment = await queries.payment(visitor.reading, payment_id) if outcome != "processing" else None
    if payment is None:
        outcome = "processing"
    over = known.returned_at is not None and visitor.page.reader.now - known.returned_at >= POLL_FOR
    if outcome == "processing" and over:
        await payments.outcomes.request_mail(known)
    found = found_or_404(await visitor.reading.document("invoice", invoice_id))
    response = visitor.render(
        "payment_return.html",
        outcome=outcome,
        over=over,
        payment=payment,
        amount=money(known.amount, known.currency),
        number=found["number"],
        invoice_id=invoice_id,
    )
    if outcome == "processing" and not over:
        # Without JavaScript, and without a mark in the page: the address stays, and so does going back.
        response.headers["Refresh"] = str(POLL_INTERVAL_S)
    return response


@get("/{slug:str}/invoices/{invoice_id:str}/cancelled", include_in_schema=False)
async def cancelled(
    visitor: NamedDependency[SignedInPage], request: PageRequest, invoice_id: FromPath[str]
) -> Response[Any]:
    """Return where the payment page leads to when nothing was paid: that is said only when it is so."""
    payments = services_of(request).payments
    latest = (
        await payments.checkouts.latest(document_id(*visitor.reading.scope, "invoice", invoice_id))
        if payments
        else None
    )
    if payments and latest and latest.session:
        try:
            latest = await payments.outcomes.record_report(latest, latest.session)
        except (StripeUnavailable, StripeRejected):
            return redirect_see_other(f"{visitor.root}invoices/{invoice_id}")
        if latest and latest.state in ("paid", "processing", "failed"):
            return redirect_see_other(f"{visitor.root}invoices/{invoice_id}/return/{latest.id}")
    return await invoice_page(visitor, request, invoice_id, cancelled=latest is not None)


@get("/{slug:str}/payments", include_in_schema=False)
async def payments(visitor: NamedDependency[SignedInPage], request: PageRequest) -> Response[Any]:
    """Return the payment history, the latest first."""
    found = await queries.payments(visitor.reading, page_query(request))
    return visitor.render("payments.html", payments=found["items"], **pagination_links(request, found))


@get("/{slug:str}/payments/{payment_id:str}", include_in_schema=False)
async def receipt(
    visitor: NamedDependency[SignedInPage], request: PageRequest, payment_id: FromPath[str]
) -> Response[Any]:
    """Return one payment: its receipt."""
    return visitor.render(
        "receipt.html", payment=found_or_404(await queries.payment(visitor.reading, payment_id))
    )


async def _checkout_of(
    request: PageRequest, reading: QueryContext, payment_id: str
) -> tuple[CheckoutService | None, Checkout | None]:
    payments = services_of(request).payments
    known = await payments.checkouts.find(payment_id) if payments else None
    mine = known is not None and (known.business, known.customer) == tuple(reading.scope)
    return payments, known if mine else None


async def _amount(visitor: SignedInPage, invoice_id: str, typed: str) -> int:
    """Return what was typed, in minor units of the invoice's currency. Raises NumberFormatError, NotFoundException."""
    found = found_or_404(await visitor.reading.document("invoice", invoice_id))
    locale = formats_for(visitor.page.business, visitor.page.reader).locale
    return minor_units(typed, locale, MINOR_UNIT_DIGITS[found["currency"]])


def minor_units(typed: str, locale: Locale, digits: int) -> int:
    """Return an amount as people write it, in minor units of so many digits. Raises NumberFormatError."""
    written = typed.strip("$€£¥\u202f\xa0 ")
    if not _DIGITS.fullmatch(written):
        raise NumberFormatError("not an amount")
    amount: Decimal = parse_decimal(written, locale=locale, strict=True).scaleb(digits)
    if not amount.is_finite() or amount != amount.to_integral_value() or not 0 < amount < 2**53:
        raise NumberFormatError("not an amount of this currency")
    return int(amount)


def _allow_form_action(response: Response[Any], request: PageRequest) -> None:
    """Browsers hold a form's redirects to `form-action` as well."""
    where = services_of(request).payment_page_origin
    if where is not None:
        policy = CONTENT_SECURITY_POLICY.replace("form-action 'self'", f"form-action 'self' {where}")
        response.headers["Content-Security-Policy"] = policy


ROUTES: list[ControllerRouterHandler] = [
    invoices,
    invoice,
    checkout,
    returned,
    cancelled,
    payments,
    receipt,
]
