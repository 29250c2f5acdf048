"""Page of recent activity, and which of it is new since the person's last visit."""

from typing import Any, NamedTuple

from litestar import Response, get
from litestar.di import NamedDependency

from query_api.pages.signed_in import SignedInPage
from read_models import queries
from read_models.documents import timestamp
from read_models.queries import ActivityEntry

ROOMS = {"visit": "visits", "invoice": "invoices", "subscription": "subscriptions", "contract": "contracts"}
"""Where the pages of what happenings are about lie; a payment's is its invoice."""


class ActivityChange(NamedTuple):
    """A happening as a page shows it."""

    at: str
    title: str
    detail: str | None
    path: str
    """The page it leads to, below the portal's root."""
    new: bool
    """Whether it happened since the person was last here."""


@get("/{slug:str}/activity", include_in_schema=False)
async def activity(visitor: NamedDependency[SignedInPage]) -> Response[Any]:
    """Return the latest changes (docs/contracts/views.md, Activity)."""
    return visitor.render("activity.html", changes=await changes(visitor))


async def changes(visitor: SignedInPage) -> list[ActivityChange]:
    """Return the latest changes, newest first."""
    words, last = visitor.words, visitor.session.record.last_here_at
    since = timestamp(last) if last else None
    return [
        ActivityChange(
            at=one.entry["at"],
            title=words.title(one),
            detail=words.detail(one),
            path=path(one),
            new=since is not None and one.entry["at"] > since,
        )
        for one in await queries.activity(visitor.reading)
    ]


def path(happening: ActivityEntry) -> str:
    """Return the page of what a happening is about."""
    about = happening.about
    if about["kind"] == "payment":
        return f"invoices/{about['invoice_id']}"
    return f"{ROOMS[about['kind']]}/{about['id']}"
