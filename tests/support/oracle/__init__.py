"""A second way of working out what customers see: joins over all their events, by docs/contracts/views.md and
docs/contracts/api.md alone.

Slow and simple on purpose, and shares no code with the read models. Takes a log as it may be read: one CloudEvent as
a dict each, in an order that is legal, repeats included.
"""

from tests.support.oracle.contracts import contracts
from tests.support.oracle.facts import Facts, served
from tests.support.oracle.money import invoices, payments
from tests.support.oracle.portal import activity, portal
from tests.support.oracle.subscriptions import subscriptions
from tests.support.oracle.visits import pack, past, visits

__all__ = [
    "Facts",
    "activity",
    "contracts",
    "invoices",
    "pack",
    "past",
    "payments",
    "portal",
    "served",
    "subscriptions",
    "visits",
]
