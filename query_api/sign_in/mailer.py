"""Mailer of sign-in codes: every process runs one, and together they send each mail once.

It polls for work and is never woken by a request: how long a response takes says nothing of whether there was a mail
to write. Code and link are made for each attempt, and only their hashes are stored.
"""

from datetime import timedelta

import structlog

from query_api.http.public_urls import PublicUrls
from query_api.http.tenant_middleware import TenantResolver
from query_api.mail.delivery import attempt_delivery
from query_api.mail.smtp import SmtpServer
from query_api.polling_worker import PollingWorker
from query_api.sign_in.codes import HmacKeyRing, new_code
from query_api.sign_in.mail import SignInMail, compose_sign_in_mail
from read_models.clock import Clock
from read_models.documents import business_id
from read_models.queries.portal import PortalQueries
from read_models.store import ReadModelStore, retry_until_available
from read_models.store.operational import OperationalStore, SignInRequest
from web.tokens import digest, new_token

log = structlog.get_logger(__name__)

CLAIM = timedelta(seconds=90)
"""Longer than one attempt takes."""

TRIED_FOR = timedelta(minutes=15)
"""A mail that comes later than this is of no use to anybody any more."""

LONGEST_PAUSE_SECONDS = 30


class SignInMailer(PollingWorker):
    """Sends the mails of sign-ins that were asked for."""

    def __init__(
        self,
        records: OperationalStore,
        store: ReadModelStore,
        reads: PortalQueries,
        keys: HmacKeyRing,
        smtp_url: str,
        portals: TenantResolver,
        addresses: PublicUrls,
        clock: Clock,
    ) -> None:
        """Raise ValueError for an SMTP address that is none."""
        super().__init__()
        self._sign_ins = records.sign_ins
        self._store = store
        self._reads = reads
        self._keys = keys
        self._server = SmtpServer.from_url(smtp_url)
        self._portals = portals
        self._addresses = addresses
        self._clock = clock

    async def process_next(self) -> bool:
        """Deals with the mail that has been due for longest; False when none is."""
        if not self._reads.ready():
            # Without views nobody is known, and every mail would be dropped.
            return False
        now = self._clock()
        claimed = await self._sign_ins.claim(now, now + CLAIM)
        if claimed is None:
            return False
        letter = await self._letter(claimed)
        if letter is None or now - claimed.asked_at > TRIED_FOR:
            if letter:
                log.error("mail.given_up", sign_in=claimed.id, attempts=claimed.attempts)
            await self._sign_ins.drop(claimed)
            return True
        await self._deliver(claimed, letter)
        return True

    async def _letter(self, claimed: SignInRequest) -> SignInMail | None:
        """Return what is to be mailed; None where nobody of the business has the address, or the business is gone."""
        (business,) = await self._store.documents(business_id(claimed.business))
        customers = await self._reads.customers_by_email(claimed.business, claimed.address)
        if business is None or not business["shown"] or business["closed"] or not customers:
            return None
        return SignInMail(
            claimed.id,
            business,
            customers,
            claimed.address,
            await self._portals.origin(business),
            new_code(),
            new_token(),
            self._clock(),
        )

    async def _deliver(self, claimed: SignInRequest, letter: SignInMail) -> None:
        attempt = await attempt_delivery(
            self._server,
            self._addresses.host,
            lambda: compose_sign_in_mail(letter, self._addresses.host),
            lambda: self._mark_sent(claimed, letter),
        )
        match attempt.result:
            case "sent":
                log.info("mail.sent", sign_in=claimed.id, attempts=claimed.attempts)
            case "unwritable":
                log.error("mail.unwritable", sign_in=claimed.id, error=attempt.reason)
                await retry_until_available(lambda: self._sign_ins.drop(claimed))
            case "refused":
                log.error("mail.refused", sign_in=claimed.id, status=int(attempt.reason))
                await retry_until_available(lambda: self._sign_ins.drop(claimed))
            case "uncertain":
                log.warning("mail.uncertain", sign_in=claimed.id, error=attempt.reason)
            case "deferred":
                await self._put_off(claimed, attempt.reason)

    async def _mark_sent(self, claimed: SignInRequest, letter: SignInMail) -> bool:
        code = self._keys.sign("code", claimed.id, letter.code)
        customers = [customer["id"] for customer in letter.customers]
        return await self._sign_ins.mark_sent(claimed, customers, code, digest(letter.token), self._clock())

    async def _put_off(self, claimed: SignInRequest, reason: str) -> None:
        pause = timedelta(seconds=min(2 ** (claimed.attempts - 1), LONGEST_PAUSE_SECONDS))
        log.warning("mail.put_off", sign_in=claimed.id, attempts=claimed.attempts, reason=reason)
        await retry_until_available(lambda: self._sign_ins.reschedule(claimed, self._clock() + pause))
