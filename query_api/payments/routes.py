"""`POST /{slug}/api/invoices/{id}/checkout` and `POST /-/webhooks/stripe`"""

from typing import Annotated, TypedDict

import msgspec
from litestar import Response, post
from litestar.exceptions import NotFoundException, ValidationException
from litestar.openapi import ResponseSpec
from litestar.params import FromPath, JSONBody
from litestar.status_codes import (
    HTTP_200_OK,
    HTTP_201_CREATED,
    HTTP_400_BAD_REQUEST,
    HTTP_409_CONFLICT,
    HTTP_503_SERVICE_UNAVAILABLE,
)
from litestar.types import ControllerRouterHandler

from events.types import MAX_INTEGER
from query_api.api.dependencies import PROBLEMS, AnyRequest, origin_of, provide_reading, session_of
from query_api.api.schemas.lists import ProblemSchema
from query_api.payments.errors import NotPayable
from query_api.services import services_of
from query_api.sign_in.sessions import Session
from read_models.queries import QueryContext
from web.problems import PROBLEM_JSON

SIGNATURE = "Stripe-Signature"
MAX_EVENT_BYTES = 1024 * 1024
"""Stripe's events carry whole objects with all that belongs to them."""


class CheckoutBody(msgspec.Struct, frozen=True):
    """Amount to pay: all that is due, or less."""

    amount: Annotated[int, msgspec.Meta(ge=1, le=MAX_INTEGER)] | None = None
    """In minor units of the invoice's currency."""


class PaymentPage(TypedDict):
    """Address of the payment page."""

    url: str


class NotPayableProblem(ProblemSchema):
    """Why nothing can be paid."""

    reason: str


def _told(shape: type, description: str) -> ResponseSpec:
    return ResponseSpec(shape, generate_examples=False, description=description, media_type=PROBLEM_JSON)


@post(
    "/invoices/{invoice_id:str}/checkout",
    operation_id="payInvoice",
    tags=["invoices"],
    status_code=HTTP_201_CREATED,
    responses={
        HTTP_201_CREATED: ResponseSpec(PaymentPage, generate_examples=False, description="Where to pay."),
        **PROBLEMS,
        HTTP_409_CONFLICT: _told(NotPayableProblem, "Nothing can be paid; `reason` says why."),
        HTTP_503_SERVICE_UNAVAILABLE: _told(ProblemSchema, "The payment provider does not answer."),
    },
)
async def checkout(
    request: AnyRequest, invoice_id: FromPath[str], data: JSONBody[CheckoutBody | None] = None
) -> Response[PaymentPage]:
    """Open the page where the invoice is paid; the same page again while it can be used."""
    wanted = data.amount if data else None
    if wanted is not None and isinstance((await request.json())["amount"], str):
        # Read as a number, "50.00" would be 50 cents.
        raise ValidationException("amount: a whole number of the currency's minor units, not a text.")
    url = await url_of(request, session_of(request), provide_reading(request), invoice_id, wanted)
    return Response({"url": url}, status_code=HTTP_201_CREATED)


async def url_of(
    request: AnyRequest, session: Session, reading: QueryContext, invoice_id: str, amount: int | None
) -> str:
    """Return where a customer pays one of their invoices. Raises NotFoundException, NotPayable,
    PaymentProviderUnavailable."""
    found = await reading.document("invoice", invoice_id)
    if found is None:
        raise NotFoundException
    payments = services_of(request).payments
    if payments is None:
        raise NotPayable("not_online")
    return await payments.checkout(session, reading.business, found, amount, origin_of(request))


@post(
    "/-/webhooks/stripe",
    operation_id="receiveStripeEvent",
    tags=["webhooks"],
    status_code=HTTP_200_OK,
    request_max_body_size=MAX_EVENT_BYTES,
    responses={HTTP_400_BAD_REQUEST: _told(ProblemSchema, "Not signed by Stripe, or too long ago.")},
)
async def stripe_webhook(request: AnyRequest) -> Response[dict[str, str]]:
    """Take an event of Stripe's; answer once what it says is kept."""
    webhook = services_of(request).webhook
    if webhook is None:
        raise NotFoundException
    await webhook.receive(await request.body(), request.headers.get(SIGNATURE, ""))
    return Response({"status": "ok"})


ROUTES: list[ControllerRouterHandler] = [checkout]
"""Below `/{slug}/api`, behind the guard that asks for a session."""
