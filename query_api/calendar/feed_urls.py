"""The secret address of a customer's feed.

Whoever has the address reads the feed, so it is kept nowhere: the records hold a nonce, and the address is the nonce
and its keyed hash over whose feed it is. What was copied out of the database opens nothing.
"""

import re
from collections.abc import Sequence

from query_api.calendar.errors import CalendarFeedsDisabled
from query_api.http.public_urls import portal_url
from query_api.http.tenant_middleware import TenantResolver
from query_api.sign_in.codes import HmacKeyRing, new_id
from read_models.documents import Doc
from read_models.queries.portal import CustomerScope
from read_models.store.operational import OperationalStore

SECRET = re.compile(r"([0-9a-f]{32})([0-9a-f]{64})")
"""A nonce of 128 random bits and its keyed hash."""

PURPOSE = "calendar"


class FeedUrls:
    """The feeds' addresses, of all businesses."""

    def __init__(
        self, records: OperationalStore, secret_keys: Sequence[str], portals: TenantResolver
    ) -> None:
        """`secret_keys` are `PORTAL_SECRET_KEY`, newest first: the first makes addresses, all verify them."""
        self._records = records.calendars
        self._keys = HmacKeyRing(secret_keys) if secret_keys else None
        self._portals = portals

    async def url(self, scope: CustomerScope, business: Doc) -> str:
        """Return the address of a customer's feed. Raises CalendarFeedsDisabled."""
        keys = self._sealing()
        return await self._url(keys, scope, business, await self._records.nonce(*scope, new_id()))

    async def renewed(self, scope: CustomerScope, business: Doc) -> str:
        """Return a new address of a customer's feed; the one before is dead. Raises CalendarFeedsDisabled."""
        keys = self._sealing()
        return await self._url(keys, scope, business, await self._records.renew(*scope, new_id()))

    async def owner(self, business: Doc, secret: str) -> CustomerScope | None:
        """Return whose feed it is that a secret of a business opens; None where it opens none."""
        parts = SECRET.fullmatch(secret)
        if parts is None or self._keys is None:
            return None
        nonce, sealed = parts.groups()
        owner = await self._records.owner(nonce)
        if (
            owner is None
            or owner[0] != business["_id"]
            or not self._keys.verify(sealed, PURPOSE, *owner, nonce)
        ):
            return None
        return CustomerScope(*owner)

    async def _url(self, keys: HmacKeyRing, scope: CustomerScope, business: Doc, nonce: str) -> str:
        secret = nonce + keys.sign(PURPOSE, *scope, nonce)
        return portal_url(await self._portals.origin(business), business, f"calendar/{secret}.ics")

    def _sealing(self) -> HmacKeyRing:
        if self._keys is None:
            raise CalendarFeedsDisabled
        return self._keys
