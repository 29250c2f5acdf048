"""Mailer of payment outcomes: promised where a payment was not settled while its customer looked on.

Receipts of payments that settle at once are Stripe's to mail, where the business has it do so.
"""

from datetime import timedelta
from email.headerregistry import Address
from email.message import EmailMessage

import structlog

from events.types import MINOR_UNIT_DIGITS
from query_api.http.public_urls import PublicUrls, portal_url
from query_api.http.tenant_middleware import TenantResolver
from query_api.mail.delivery import attempt_delivery
from query_api.mail.message import RenderedMail, build_message, parse_address, sanitize_header
from query_api.mail.smtp import SmtpServer
from query_api.payments.checkout_params import TEXTS, locale_of
from query_api.payments.settlement import Settlement
from query_api.polling_worker import PollingWorker
from read_models.clock import Clock
from read_models.customer import normalize_email
from read_models.documents import Doc, business_id, document_id, money, owner_id
from read_models.queries.portal import PortalQueries
from read_models.store import ReadModelStore, retry_until_available
from read_models.store.operational import Checkout
from web.colours import palette
from web.formatting import LocaleFormatter

log = structlog.get_logger(__name__)

NOT_SHOWN_YET = timedelta(seconds=1)
NOT_SENT_YET = timedelta(seconds=30)
TRIED_FOR = timedelta(days=30)
"""From the checkout on: payments by bank take up to two weeks."""


class OutcomeMailer(PollingWorker):
    """Sends them."""

    def __init__(
        self,
        outcomes: Settlement,
        store: ReadModelStore,
        reads: PortalQueries,
        smtp_url: str,
        portals: TenantResolver,
        addresses: PublicUrls,
        clock: Clock,
    ) -> None:
        """Raise ValueError for an SMTP address that is none."""
        super().__init__()
        self._outcomes = outcomes
        self._checkouts = outcomes.checkouts
        self._store = store
        self._reads = reads
        self._server = SmtpServer.from_url(smtp_url)
        self._portals = portals
        self._addresses = addresses
        self._clock = clock

    async def process_next(self) -> bool:
        """Deals with the mail that has been due for longest; False when none is."""
        if not self._reads.ready():
            return False
        now = self._clock()
        claimed = await self._checkouts.claim_mail(now)
        if claimed is None:
            return False
        if not await self._outcomes.is_visible(claimed, 0):
            # What the mail leads to is to be there when it is read.
            await self._checkouts.reschedule_mail(claimed, now + NOT_SHOWN_YET)
            return True
        owner = owner_id(claimed.business, claimed.customer)
        business, customer, invoice = await self._store.documents(
            business_id(claimed.business),
            owner,
            document_id(claimed.business, claimed.customer, "invoice", claimed.invoice),
        )
        to = recipient(claimed, customer) if customer and customer["shown"] else None
        if business is None or business["closed"] or customer is None or invoice is None or to is None:
            await self._checkouts.mailed(claimed)
            return True
        await self._deliver(claimed, business, customer, invoice, to)
        return True

    async def _deliver(
        self, claimed: Checkout, business: Doc, customer: Doc, invoice: Doc, to: Address
    ) -> None:
        origin = await self._portals.origin(business)
        now, host = self._clock(), self._addresses.host
        formats = LocaleFormatter(locale_of(customer, business), business["timezone"], now, MINOR_UNIT_DIGITS)

        def compose() -> EmailMessage:
            contents = written(claimed, business, invoice, origin, formats)
            return build_message(business, to, host, f"{claimed.id}-{claimed.state}", now, contents)

        attempt = await attempt_delivery(self._server, host, compose, lambda: self._checkouts.mailed(claimed))
        if attempt.result == "sent":
            log.info("mail.sent", payment=claimed.id)
        elif attempt.result == "unwritable":
            log.error("mail.unwritable", payment=claimed.id, error=attempt.reason)
            await retry_until_available(lambda: self._checkouts.mailed(claimed))
        elif attempt.result == "deferred" and now - claimed.created_at <= TRIED_FOR:
            log.warning("mail.put_off", payment=claimed.id, reason=attempt.reason)
            await retry_until_available(lambda: self._checkouts.reschedule_mail(claimed, now + NOT_SENT_YET))
        elif attempt.result != "superseded":
            log.error("mail.given_up", payment=claimed.id, error=attempt.reason)
            await retry_until_available(lambda: self._checkouts.mailed(claimed))


def recipient(claimed: Checkout, customer: Doc) -> Address | None:
    """Return who paid, if the customer still has that address, else the customer's first; None where that is no
    address."""
    emails: list[str] = customer["emails"]
    held = next(
        (email for email in emails if normalize_email(email) == normalize_email(claimed.address)), emails[0]
    )
    return parse_address(held)


def written(
    claimed: Checkout, business: Doc, invoice: Doc, origin: str, formats: LocaleFormatter
) -> RenderedMail:
    """Return what the mail says."""
    failed = claimed.state == "failed"
    language = formats.locale.language
    page = f"invoices/{claimed.invoice}" if failed else f"payments/{claimed.id}"
    values = {
        "failed": failed,
        "name": sanitize_header(business["name"]),
        "number": sanitize_header(invoice["number"]),
        "business": business,
        "amount": formats.money(money(claimed.amount, claimed.currency)),
        "link": portal_url(origin, business, page),
        "logo": portal_url(origin, business, "media/logo") if business["branding"]["logo"] else None,
        "brand": palette(business["branding"]["primary_color"]),
        "language": language,
    }
    subject = TEXTS.render("subject.txt", language, values).strip()
    text = TEXTS.render("outcome.txt", language, values).strip()
    return RenderedMail(subject, text, TEXTS.render("outcome.html", language, values | {"subject": subject}))
