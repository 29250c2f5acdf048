"""One request's reading: whose documents it sees, in whose portal, and when."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import NamedTuple
from zoneinfo import ZoneInfo

from read_models.documents import Doc, document_id, timestamp
from read_models.indexed_lists import ListQuery, QueryScope, for_customer
from read_models.queries.portal import WHOLE_LIST, CustomerScope
from read_models.store import ReadModelStore
from read_models.store.operational import CheckoutRepository

Named = tuple[str, str]
"""A document's kind and id."""


class QueryContext(NamedTuple):
    """Context of every query. Nothing outside `scope` is reached, and nothing that is not shown.

    See docs/contracts/views.md.
    """

    store: ReadModelStore
    scope: CustomerScope
    business: Doc
    at: datetime
    checkouts: CheckoutRepository | None = None
    """The payments that are on their way; None where nothing can be paid online."""

    @property
    def now(self) -> str:
        """The moment as it is served."""
        return timestamp(self.at)

    @property
    def today(self) -> str:
        """The date at the business: what "passed" goes by."""
        return self.at.astimezone(ZoneInfo(self.business["timezone"])).date().isoformat()

    @property
    def media(self) -> str:
        """Prefix of the addresses of the customer's files."""
        return f"/{self.business['slug']}/media"

    def own(self, *narrowed: str) -> QueryScope:
        """Return the customer's own, for a range; of a list that is narrowed, what belongs to one of the records."""
        return for_customer(*self.scope, *narrowed)

    async def document(self, kind: str, subject: str) -> Doc | None:
        """Return a document, None when the customer has no such one."""
        return (await self.documents([(kind, subject)])).get((kind, subject))

    async def documents(self, named: Iterable[Named]) -> Mapping[Named, Doc]:
        """Return the documents of these that the customer has, in one round trip."""
        wanted = list(dict.fromkeys(named))
        if not wanted:
            return {}
        found = await self.store.documents(*(document_id(*self.scope, *name) for name in wanted))
        return {
            name: document
            for name, document in zip(wanted, found, strict=True)
            if document is not None and document["shown"]
        }

    async def fetch_whole_list(self, list_name: str, *narrowed: str) -> list[Doc]:
        """Return all documents of a list of open visits."""
        return await self.store.range(ListQuery(list_name, self.own(*narrowed), WHOLE_LIST))
