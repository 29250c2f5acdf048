"""Stripe, as far as it is asked: every call is bounded, and answered as plain data or one of our errors."""

import math
from collections.abc import AsyncIterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from typing import Any, Final

import stripe
import structlog

from query_api.payments.stripe_events import Json

log = structlog.get_logger(__name__)

PATIENCE_SECONDS: Final = 10.0
"""What one attempt of a call may take."""
RETRIES: Final = 2
PAGE: Final = 100
EXPAND: Final = ["payment_intent.latest_charge"]


class StripeUnavailable(Exception):
    """Stripe does not answer, or answers that it cannot now; asking again may help."""


class StripeRejected(Exception):
    """Stripe does not take what was asked for. `code` is Stripe's own, "" where it gave none."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class StripeGateway:
    """Stripe's API, on the accounts that are connected to ours."""

    def __init__(self, key: str, base: str | None) -> None:
        """Connect to `base`, where the API is; None is Stripe's own address."""
        self._http = stripe.HTTPXClient(timeout=PATIENCE_SECONDS)
        self._client = stripe.StripeClient(
            key,
            base_addresses={"api": base} if base else {},
            http_client=self._http,
            max_network_retries=RETRIES,
        )
        self._sessions = self._client.v1.checkout.sessions

    async def close(self) -> None:
        """End the connections."""
        await self._http.close_async()  # type: ignore[no-untyped-call]

    async def create(self, account: str, key: str, asked: Mapping[str, Any]) -> Json:
        """Return a new session; under the same `key` the same one again."""
        params: Any = dict(asked)
        with answered():
            made = await self._sessions.create_async(
                params, {"stripe_account": account, "idempotency_key": key}
            )
        return made.to_dict()

    async def session(self, account: str, id_: str) -> Json:
        """Return a session with its payment and the latest charge of that."""
        with answered():
            found = await self._sessions.retrieve_async(id_, {"expand": EXPAND}, {"stripe_account": account})
        return found.to_dict()

    async def expire(self, account: str, id_: str) -> None:
        """Close a session; StripeRejected when it is not open any more."""
        with answered():
            await self._sessions.expire_async(id_, {}, {"stripe_account": account})

    async def intent(self, account: str, id_: str) -> Json:
        """Return a payment."""
        with answered():
            found = await self._client.v1.payment_intents.retrieve_async(id_, {}, {"stripe_account": account})
        return found.to_dict()

    async def refunds(self, account: str, intent: str) -> list[Json]:
        """Return the refunds of a payment."""
        with answered():
            found = await self._client.v1.refunds.list_async(
                {"payment_intent": intent, "limit": PAGE}, {"stripe_account": account}
            )
            return [refund.to_dict() async for refund in found.auto_paging_iter()]

    async def disputes(self, account: str, intent: str) -> list[Json]:
        """Return the disputes of a payment."""
        with answered():
            found = await self._client.v1.disputes.list_async(
                {"payment_intent": intent, "limit": PAGE}, {"stripe_account": account}
            )
            return [dispute.to_dict() async for dispute in found.auto_paging_iter()]

    async def sessions_since(self, account: str, since: datetime) -> AsyncIterator[Json]:
        """Yield the sessions of an account made since a moment, newest first."""
        made: Any = {"created": {"gte": math.floor(since.timestamp())}, "limit": PAGE}
        with answered():
            found = await self._sessions.list_async(made, {"stripe_account": account})
            async for session in found.auto_paging_iter():
                yield session.to_dict()

    async def given_back_since(self, account: str, since: datetime) -> AsyncIterator[Json]:
        """Yield the refunds and disputes of an account made since a moment."""
        made: Any = {"created": {"gte": math.floor(since.timestamp())}, "limit": PAGE}
        options: Any = {"stripe_account": account}
        with answered():
            async for refund in (await self._client.v1.refunds.list_async(made, options)).auto_paging_iter():
                yield refund.to_dict()
            async for dispute in (
                await self._client.v1.disputes.list_async(made, options)
            ).auto_paging_iter():
                yield dispute.to_dict()


@contextmanager
def answered() -> Any:
    """Raise our errors in place of the library's, whose texts may quote what was sent."""
    try:
        yield
    except stripe.InvalidRequestError as error:
        log.warning("stripe.refused", code=error.code, param=error.param, request=error.request_id)
        raise StripeRejected(error.code or "") from error
    except stripe.PermissionError as error:
        # The account is not connected any more, or may not do this.
        log.warning("stripe.refused", code=error.code, status=error.http_status, request=error.request_id)
        raise StripeRejected(error.code or "account_invalid") from error
    except stripe.StripeError as error:
        log.warning(
            "stripe.away", error=type(error).__name__, status=error.http_status, request=error.request_id
        )
        raise StripeUnavailable(type(error).__name__) from error
