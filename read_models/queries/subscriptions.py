"""Subscriptions, and one with its appointments (docs/contracts/views.md, Subscriptions)."""

from read_models import subscription as subscriptions_fold
from read_models import visit
from read_models.documents import Doc
from read_models.indexed_lists import ListQuery
from read_models.queries.context import QueryContext
from read_models.queries.pagination import PageQuery, fetch_page, to_page
from read_models.queries.upcoming import kept_next, soonest


async def subscriptions(reading: QueryContext, part: PageQuery) -> Doc:
    """Return all of them, by plan name, each with its next visit."""
    wanted = ListQuery("subscriptions", reading.own(), part.limit)
    found = await fetch_page(reading, wanted, part)
    following = {one["id"]: kept_next(one, reading.now) for one in found}
    if any(following[one["id"]] is None and len(one["open"]) < one["open_count"] for one in found):
        ahead = [
            one for one in await reading.fetch_whole_list("open_visits") if visit.upcoming(one, reading.now)
        ]
        following = {one["subscription_id"]: one["id"] for one in reversed(ahead)}
    items = [
        subscriptions_fold.item(one) | {"next_visit_id": following.get(one["id"])}
        for one in found[: part.limit]
    ]
    return to_page(wanted, part, found, items)


async def subscription(reading: QueryContext, subject: str) -> Doc | None:
    """Return one subscription, with the 10 soonest appointments that name it."""
    found = await reading.document("subscription", subject)
    if found is None:
        return None
    ahead = await soonest(reading, found, "subscription_open_visits")
    return (
        subscriptions_fold.item(found)
        | {"next_visit_id": ahead[0]["id"] if ahead else None}
        | subscriptions_fold.detail(found)
        | {"upcoming": [visit.item(one) for one in ahead]}
    )
