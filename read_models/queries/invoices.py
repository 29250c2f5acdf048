"""Invoices and payments (docs/contracts/views.md, Invoices and payments)."""

import asyncio
from collections.abc import Iterable

from read_models import invoice as invoices_fold
from read_models import payment as payments_fold
from read_models.customer import with_overdue
from read_models.documents import Doc, money, timestamp
from read_models.indexed_lists import LISTS, ListQuery, sort_documents
from read_models.queries.context import QueryContext
from read_models.queries.pagination import PageQuery, paginate
from read_models.queries.visits import past_item


async def invoices(reading: QueryContext, part: PageQuery, statuses: Iterable[str] = ()) -> Doc:
    """Invoices, latest first; those with one of the statuses, where some are named."""
    only = tuple(f"invoices/{status}" for status in dict.fromkeys(statuses))
    wanted = ListQuery("invoices", reading.own(), part.limit, only)
    return await paginate(
        reading, wanted, part, lambda found: with_overdue(invoices_fold.item(found), reading.today)
    )


async def invoice(reading: QueryContext, subject: str) -> Doc | None:
    """Return one invoice, with its payments, latest first, and the visits that it bills, latest first."""
    found = await reading.document("invoice", subject)
    if found is None:
        return None
    paying = [("payment", _id) for _id in found["payments"]]
    billed = [("visit", _id) for _id in found["visit_ids"]]
    others, processing = await asyncio.gather(
        reading.documents([*paying, *billed]), _processing(reading, found)
    )
    payments = sort_documents([others[name] for name in paying if name in others], LISTS["payments"].order)
    visits = sort_documents([others[name] for name in billed if name in others], LISTS["past_visits"].order)
    return with_overdue(invoices_fold.detail(found), reading.today) | {
        "payments": [payments_fold.item(one) for one in payments],
        "visits": [past_item(one) for one in visits],
        "payable": found["amount_due"] > 0
        and reading.business["stripe_account_id"] is not None
        and reading.checkouts is not None,
        "processing": processing,
    }


async def payment(reading: QueryContext, subject: str) -> Doc | None:
    """Return one payment, as the history lists it."""
    found = await reading.document("payment", subject)
    return payments_fold.item(found) if found else None


async def _processing(reading: QueryContext, found: Doc) -> Doc | None:
    """Return what was paid online and is not among the invoice's payments yet: not settled, or not projected."""
    under_way = await reading.checkouts.under_way(found["_id"]) if reading.checkouts else ()
    waiting = [one for one in under_way if one.id not in found["payments"]]
    if not waiting:
        return None
    since = min(one.since or one.created_at for one in waiting)
    amount = sum(one.amount for one in waiting)
    return {"amount": money(amount, waiting[0].currency), "since": timestamp(since)}


async def payments(reading: QueryContext, part: PageQuery) -> Doc:
    """Return the payment history, latest first."""
    return await paginate(reading, ListQuery("payments", reading.own(), part.limit), part, payments_fold.item)
