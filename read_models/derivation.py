"""Derivation of a batch's documents, once a batch: derived fields, months, embedded lists, health, balance.

Each step compares what a document was with what it is, so its cost is that of the change, whatever the history.
"""

from collections.abc import Generator, Iterable, Sequence
from typing import NamedTuple

from read_models import contract, contract_month, customer, invoice, payment, visit
from read_models.documents import Doc, document_id, owner_id
from read_models.embedded_list import EmbeddedList, MembershipChange, apply_changes, refill, refill_query
from read_models.embedded_list_specs import LISTED, trend
from read_models.indexed_lists import ListQuery
from read_models.working_set import Asking, DocumentRequest, LoadedDocuments, UnitOfWork

ALL_MONTHS = 100_000
"""More months than a contract can have: a new grace reads them all."""


class _ListChanges(NamedTuple):
    """All moves in one short list of one parent."""

    spec: EmbeddedList
    parent_id: str
    moves: list[MembershipChange]


def derive_batch(documents: UnitOfWork) -> Generator[DocumentRequest, LoadedDocuments, None]:
    """Settles a batch: visits and invoices first, then the contracts and subscriptions, the dashboards last."""
    yield from _settle_payments(documents)
    for invoiced in documents.touched("invoice"):
        before = documents.originals[invoiced["_id"]]
        invoice.derive(invoiced)
        if invoiced["shown"]:
            owner = documents.touch_customer(invoiced["business"], invoiced["customer"])
            customer.settle_balance(owner, before, invoiced)
    visits = documents.touched("visit")
    for visited in visits:
        before = documents.originals[visited["_id"]]
        visit.derive(visited)
        if change := visit.has_inverted_window(visited) - (
            before is not None and visit.has_inverted_window(before)
        ):
            owner = documents.touch_customer(visited["business"], visited["customer"])
            owner["backwards_count"] += change
    moves = [*_moves(documents, "visit"), *_moves(documents, "invoice")]
    yield from documents.load(
        [*(one.parent_id for one in moves), *(_id for v in visits for _id in _health_ids(documents, v))]
    )
    for visited in visits:
        _count_month(documents, visited)
    yield from _place(documents, moves)
    yield from _settle_contracts(documents)
    yield from _place(documents, [*_moves(documents, "subscription"), *_moves(documents, "contract")])


def _settle_payments(documents: UnitOfWork) -> Asking:
    """Show the payments of invoices that were issued in this batch, and the batch's payments of issued ones."""
    issued = [
        document
        for document in documents.touched("invoice")
        if document["shown"] and not (documents.originals[document["_id"]] or {}).get("shown")
    ]
    waiting = [(d["business"], d["customer"], "payment", _id) for d in issued for _id in d["payments"]]
    yield from documents.load(document_id(*key) for key in waiting)
    for key in waiting:
        documents.get_for_update(*key)
    for paid in documents.touched("payment"):
        if paid["invoice_id"] is not None:
            billed = documents.get(paid["business"], paid["customer"], "invoice", paid["invoice_id"])
            if billed is not None:
                payment.show_with_invoice(paid, billed)


def _moves(documents: UnitOfWork, kind: str) -> list[_ListChanges]:
    """Return where the touched documents of a kind came into short lists, changed in them, or left them."""
    touched = documents.touched(kind)
    found = []
    for spec in LISTED[kind]:
        by_parent: dict[str, list[MembershipChange]] = {}
        for document in touched:
            before = documents.originals[document["_id"]]
            was_member = before is not None and spec.member(before)
            is_member = spec.member(document)
            if not (was_member or is_member):
                continue
            if spec.reference is not None and document[spec.reference] is None:
                continue
            if (
                before
                and was_member
                and is_member
                and kind == "visit"
                and spec.entry(before) == spec.entry(document)
            ):
                continue
            by_parent.setdefault(_parent_id(spec, document), []).append(
                MembershipChange(was_member, document)
            )
        found += [_ListChanges(spec, parent_id, moves) for parent_id, moves in by_parent.items()]
    return found


def _parent_id(spec: EmbeddedList, document: Doc) -> str:
    owner = document["business"], document["customer"]
    if spec.reference is None:
        return owner_id(*owner)
    return document_id(*owner, spec.parent, document[spec.reference])


def _tallies(
    documents: UnitOfWork, visited: Doc
) -> tuple[visit.HealthContribution | None, visit.HealthContribution | None]:
    before = documents.originals[visited["_id"]]
    return (visit.tally(before) if before else None), visit.tally(visited)


def _health_ids(documents: UnitOfWork, visited: Doc) -> list[str]:
    """Return the months that a visit counted in and counts in, and their contract, when that changes."""
    before, after = _tallies(documents, visited)
    if before == after:
        return []
    owner = visited["business"], visited["customer"]
    months = {
        contract_month.month_subject(visited["contract_id"], tally.month)
        for tally in (before, after)
        if tally
    }
    ids = [document_id(*owner, "month", month) for month in months]
    return [*ids, document_id(*owner, "contract", visited["contract_id"])]


def _count_month(documents: UnitOfWork, visited: Doc) -> None:
    before, after = _tallies(documents, visited)
    if before == after:
        return
    for tally, sign in ((before, -1), (after, 1)):
        if tally:
            key = visited["business"], visited["customer"], visited["contract_id"], tally.month
            contract_month.add_contribution(documents.touch_month(*key), tally, sign)


def _place(documents: UnitOfWork, found: Iterable[_ListChanges]) -> Asking:
    """Make the moves, and fills the lists that they left with places free."""
    short: list[tuple[Doc, EmbeddedList]] = []
    for spec, _, moves in found:
        member = moves[0].document
        if spec.reference is None:
            parent = documents.touch_customer(member["business"], member["customer"])
        else:
            owner = member["business"], member["customer"]
            parent = documents.get_for_update(*owner, spec.parent, member[spec.reference])
        if apply_changes(parent, spec, moves):
            short.append((parent, spec))
    yield from _fill(documents, short)


def _fill(documents: UnitOfWork, short: Sequence[tuple[Doc, EmbeddedList]]) -> Asking:
    asked: list[tuple[Doc, EmbeddedList, ListQuery, list[Doc]]] = []
    for parent, spec in short:
        unsaved = _unsaved_members(documents, parent, spec)
        asked.append((parent, spec, refill_query(parent, spec, len(unsaved)), unsaved))
    yield from documents.load((), (wanted for _, _, wanted, _ in asked))
    for parent, spec, wanted, unsaved in asked:
        refill(parent, spec, documents.ranges[wanted], unsaved)


def _unsaved_members(documents: UnitOfWork, parent: Doc, spec: EmbeddedList) -> list[Doc]:
    """Return the touched documents which are, were, or may become members of a parent's list."""
    kind = "month" if spec.field == "trend" else next(kind for kind, of in LISTED.items() if spec in of)
    return [
        document
        for document in documents.touched(kind)
        if document["business"] == parent["business"]
        and document["customer"] == parent["customer"]
        and (spec.reference is None or document.get(spec.reference) == parent["id"])
    ]


def _settle_contracts(documents: UnitOfWork) -> Asking:
    """Bring health and trend of contracts up to date with their months, or with a new grace."""
    moves: dict[str, list[MembershipChange]] = {}
    for month in documents.touched("month"):
        owner = month["business"], month["customer"]
        parent = documents.get_for_update(*owner, "contract", month["contract_id"])
        before = documents.originals[month["_id"]]
        parent["totals"] = dict(parent["totals"])
        contract.adjust(parent, before, month)
        moves.setdefault(parent["_id"], []).append(MembershipChange(before is not None, month))
    short: dict[str, tuple[Doc, EmbeddedList]] = {}
    for parent in documents.touched("contract"):
        spec = trend(contract.grace(parent))
        if parent["_id"] in moves and apply_changes(parent, spec, moves[parent["_id"]]):
            short[parent["_id"]] = parent, spec
    regraded = [
        parent
        for parent in documents.touched("contract")
        if contract.grace(parent) != contract.grace(documents.originals[parent["_id"]])
        and (parent["trend_count"] or parent["totals"]["on_time"])
    ]
    for parent in regraded:
        short[parent["_id"]] = parent, trend(contract.grace(parent))._replace(limit=ALL_MONTHS)
    yield from _fill(documents, list(short.values()))
    for parent in regraded:
        _rescore(parent)


def _rescore(parent: Doc) -> None:
    """Add up what is on time over all months, which the trend holds for the moment, and cuts the trend."""
    parent["totals"] = parent["totals"] | {"on_time": sum(month["on_time"] for month in parent["trend"])}
    del parent["trend"][contract.TREND_MONTHS :]
