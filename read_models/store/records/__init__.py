"""What belongs to no generation and no rebuild touches: sign-ins, their mails, sessions, limits, calendar addresses,
notices, the audit, payments on their way and what is to be published of them.

Nothing here is projected. Times are datetimes with a zone, cut to milliseconds as MongoDB keeps them; what is over
is removed by MongoDB itself, at `gone_at`.
"""

from read_models.store.records.audit import Action, Audit
from read_models.store.records.checkouts import Checkout, Checkouts, Fact
from read_models.store.records.copies import Copies, Copy, Place
from read_models.store.records.limits import Limit, Limits
from read_models.store.records.notices import Notice, Notices
from read_models.store.records.processes import Process, Processes, Said
from read_models.store.records.room import COLLECTIONS, Records
from read_models.store.records.sessions import SessionRecord
from read_models.store.records.sign_ins import SignIn
from read_models.store.records.staff_sessions import StaffSession, StaffSessions

SAID = {"audit": "detail", "discards": "why"}
"""Where erasure, by the same fields, only takes what was said of the customer, and the field that says it."""

__all__ = [
    "COLLECTIONS",
    "SAID",
    "Action",
    "Audit",
    "Checkout",
    "Checkouts",
    "Copies",
    "Copy",
    "Fact",
    "Limit",
    "Limits",
    "Notice",
    "Notices",
    "Place",
    "Process",
    "Processes",
    "Records",
    "Said",
    "SessionRecord",
    "SignIn",
    "StaffSession",
    "StaffSessions",
]
