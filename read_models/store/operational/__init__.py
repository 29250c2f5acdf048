"""Operational records, which belong to no generation and which no rebuild touches.

Nothing here is projected. Times are datetimes with a zone, cut to milliseconds as MongoDB keeps them; what is over
is removed by MongoDB itself, at `gone_at`.
"""

from read_models.store.operational.audit import AuditEntry, AuditLog
from read_models.store.operational.checkouts import Checkout, CheckoutRepository, PaymentFact
from read_models.store.operational.file_cache import CachedFile, CacheKey, FileCache
from read_models.store.operational.notices import Notice, Notices
from read_models.store.operational.processes import HeartbeatData, ProcessRegistry, ProcessStatus
from read_models.store.operational.rate_limits import RateLimit, RateLimiter
from read_models.store.operational.sessions import SessionRecord
from read_models.store.operational.sign_in_requests import SignInRequest
from read_models.store.operational.staff_sessions import StaffSession, StaffSessions
from read_models.store.operational.store import COLLECTIONS, OperationalStore

ERASED_TEXT_FIELDS = {"audit": "detail", "discards": "why"}
"""Where erasure, by the same fields, only takes what was said of the customer, and the field that says it."""

__all__ = [
    "COLLECTIONS",
    "ERASED_TEXT_FIELDS",
    "AuditEntry",
    "AuditLog",
    "CacheKey",
    "CachedFile",
    "Checkout",
    "CheckoutRepository",
    "FileCache",
    "HeartbeatData",
    "Notice",
    "Notices",
    "OperationalStore",
    "PaymentFact",
    "ProcessRegistry",
    "ProcessStatus",
    "RateLimit",
    "RateLimiter",
    "SessionRecord",
    "SignInRequest",
    "StaffSession",
    "StaffSessions",
]
