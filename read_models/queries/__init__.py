"""Queries beside the dashboard: lists, details, the visits behind a figure, activity (docs/contracts/api.md).

Each is its document or one index range, then, by `_id` in one `$in`, those it names. What is given is the JSON that is
served; documents are shared with whoever reads at the same time, and are not changed.
"""

from read_models.queries.activity import ActivityEntry, activity
from read_models.queries.context import QueryContext
from read_models.queries.contracts import contract, contract_visits, contracts
from read_models.queries.health_filters import FIGURES, OUTCOMES
from read_models.queries.invoices import invoice, invoices, payment, payments
from read_models.queries.pagination import LONGEST_CURSOR, InvalidCursor, PageQuery, paginate_in_memory
from read_models.queries.subscriptions import subscription, subscriptions
from read_models.queries.visits import appointments, proof_pack, visit, visit_with_grace, visits

__all__ = [
    "FIGURES",
    "LONGEST_CURSOR",
    "OUTCOMES",
    "ActivityEntry",
    "InvalidCursor",
    "PageQuery",
    "QueryContext",
    "activity",
    "appointments",
    "contract",
    "contract_visits",
    "contracts",
    "invoice",
    "invoices",
    "paginate_in_memory",
    "payment",
    "payments",
    "proof_pack",
    "subscription",
    "subscriptions",
    "visit",
    "visit_with_grace",
    "visits",
]
