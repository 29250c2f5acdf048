"""The room itself: one object per kind of record, on one database."""

from read_models.store.mongo import Database
from read_models.store.operational.audit import Audit
from read_models.store.operational.calendars import Calendars
from read_models.store.operational.checkouts import Checkouts
from read_models.store.operational.collection import Collection
from read_models.store.operational.erasures import COLLECTION as ERASURES
from read_models.store.operational.erasures import Erasures
from read_models.store.operational.notices import Notices
from read_models.store.operational.processes import Processes
from read_models.store.operational.rate_limits import Limits
from read_models.store.operational.sessions import Sessions
from read_models.store.operational.sign_in_requests import SignIns
from read_models.store.operational.staff_sessions import StaffSessions

COLLECTIONS = ("sessions", "sign_ins", "calendars", "checkouts", "notices")
"""The collections whose documents have `business` and `customer` (of a sign-in: several): erasure deletes by them."""


class Records:
    """The records of an installation. `prepare` once before use."""

    def __init__(self, database: Database) -> None:
        """`database` is that of the store."""
        self.audit = Audit(Collection(database, "audit"))
        self.calendars = Calendars(Collection(database, "calendars"))
        self.erasures = Erasures(
            Collection(database, ERASURES), [Collection(database, name) for name in COLLECTIONS]
        )
        self.checkouts = Checkouts(Collection(database, "checkouts"))
        self.processes = Processes(Collection(database, "processes"))
        self.staff_sessions = StaffSessions(Collection(database, "staff_sessions"))
        self.limits = Limits(Collection(database, "limits"))
        self.notices = Notices(Collection(database, "notices"))
        self.sessions = Sessions(Collection(database, "sessions"))
        self.sign_ins = SignIns(Collection(database, "sign_ins"))

    async def prepare(self) -> None:
        """Makes the indexes that are missing. Raises `Unavailable` when MongoDB does not answer."""
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
