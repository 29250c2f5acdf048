"""The room itself: one object per kind of record, on one database."""

from read_models.store.mongo import Database
from read_models.store.operational.audit import AuditLog
from read_models.store.operational.calendars import CalendarFeedNonces
from read_models.store.operational.checkouts import CheckoutRepository
from read_models.store.operational.collection import MongoCollection
from read_models.store.operational.erasures import COLLECTION as ERASURES
from read_models.store.operational.erasures import PendingErasures
from read_models.store.operational.notices import Notices
from read_models.store.operational.processes import ProcessRegistry
from read_models.store.operational.rate_limits import RateLimiter
from read_models.store.operational.sessions import SessionRepository
from read_models.store.operational.sign_in_requests import SignInRequests
from read_models.store.operational.staff_sessions import StaffSessions

COLLECTIONS = ("sessions", "sign_ins", "calendars", "checkouts", "notices")
"""The collections whose documents have `business` and `customer` (of a sign-in: several): erasure deletes by them."""


class OperationalStore:
    """The records of an installation. `prepare` once before use."""

    def __init__(self, database: Database) -> None:
        """`database` is that of the store."""
        self.audit = AuditLog(MongoCollection(database, "audit"))
        self.calendars = CalendarFeedNonces(MongoCollection(database, "calendars"))
        self.erasures = PendingErasures(
            MongoCollection(database, ERASURES), [MongoCollection(database, name) for name in COLLECTIONS]
        )
        self.checkouts = CheckoutRepository(MongoCollection(database, "checkouts"))
        self.processes = ProcessRegistry(MongoCollection(database, "processes"))
        self.staff_sessions = StaffSessions(MongoCollection(database, "staff_sessions"))
        self.limits = RateLimiter(MongoCollection(database, "limits"))
        self.notices = Notices(MongoCollection(database, "notices"))
        self.sessions = SessionRepository(MongoCollection(database, "sessions"))
        self.sign_ins = SignInRequests(MongoCollection(database, "sign_ins"))

    async def prepare(self) -> None:
        """Make the indexes that are missing. Raises `StoreUnavailable` when MongoDB does not answer."""
        for room in (
            self.audit,
            self.calendars,
            self.checkouts,
            self.limits,
            self.notices,
            self.processes,
            self.sessions,
            self.sign_ins,
            self.staff_sessions,
        ):
            await room.collection.create_indexes(room.INDEXES)
