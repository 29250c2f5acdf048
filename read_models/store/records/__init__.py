"""What belongs to no generation and no rebuild touches: sign-ins, their mails, sessions, limits.

Nothing here is projected. Times are datetimes with a zone, cut to milliseconds as MongoDB keeps them; what is over
is removed by MongoDB itself, at `gone_at`.
"""

from read_models.store.records.room import Records
from read_models.store.records.sessions import SessionRecord
from read_models.store.records.sign_ins import SignIn

COLLECTIONS = ("sessions", "sign_ins")
"""The collections whose documents have `business` and `customer` (of a sign-in: several): erasure deletes by them."""

__all__ = ["COLLECTIONS", "Records", "SessionRecord", "SignIn"]
