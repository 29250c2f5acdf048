"""Contracts, one with its visits, and the visits behind its figures.

See docs/contracts/views.md, Contracts and their health.
"""

import asyncio
from collections.abc import Sequence

from read_models import contract as contracts_fold
from read_models import visit
from read_models.customer import with_expiry
from read_models.documents import Doc
from read_models.indexed_lists import LISTS, ListQuery, sort_documents
from read_models.queries.context import QueryContext
from read_models.queries.file_links import file
from read_models.queries.health_filters import apply_filters
from read_models.queries.pagination import PageQuery, paginate
from read_models.queries.upcoming import soonest


async def contracts(reading: QueryContext, part: PageQuery) -> Doc:
    """Return all of them, the latest first."""
    wanted = ListQuery("contracts", reading.own(), part.limit)
    return await paginate(
        reading, wanted, part, lambda found: with_expiry(contracts_fold.item(found), reading.today)
    )


async def contract(reading: QueryContext, subject: str) -> Doc | None:
    """Return one contract, with its 10 latest past visits and its 10 soonest appointments."""
    found = await reading.document("contract", subject)
    if found is None:
        return None
    kept = [("visit", slot["id"]) for slot in found["past"]]
    # At the same time, so that both share a query.
    others, ahead = await asyncio.gather(
        reading.documents(kept), soonest(reading, found, "contract_open_visits")
    )
    past = [one for one in others.values() if one["phase"] == "past"]
    return (
        with_expiry(contracts_fold.item(found), reading.today)
        | contracts_fold.detail(found)
        | {
            "terms": file(f"{reading.media}/contracts/{subject}/terms", found["terms"]),
            "visits": [visit.item(one) for one in sort_documents(past, LISTS["contract_past_visits"].order)],
            "upcoming": [visit.item(one) for one in ahead],
        }
    )


async def contract_visits(
    reading: QueryContext,
    subject: str,
    part: PageQuery,
    counted: Sequence[str] = (),
    months: Sequence[str] = (),
) -> Doc | None:
    """Return the visits of a contract that have an outcome, latest first.

    Those counted in one of the figures (`FIGURES`), and in one of the months (`YYYY-MM`), where some are named.
    """
    found = await reading.document("contract", subject)
    if found is None:
        return None
    wanted = apply_filters(
        ListQuery("contract_past_visits", reading.own(subject), part.limit),
        counted,
        months,
        grace=found["sla"]["on_time_grace_minutes"],
    )
    return await paginate(reading, wanted, part, item)


def item(visited: Doc) -> Doc:
    """Return a visit behind a figure."""
    return visit.item(visited) | {"excluded_because": visit.excluded_because(visited)}
