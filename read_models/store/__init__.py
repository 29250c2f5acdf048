"""The only room with a database driver in it: views, checkpoints, generations, dead letters, and records beside."""

from read_models.store.checkpoints import Advance, Checkpoint
from read_models.store.generations.fill_claims import (
    Claim,
    ClaimLost,
    Filling,
    Portion,
    Progress,
    Slice,
    blank_filling,
)
from read_models.store.generations.repository import NoGeneration, Pointer
from read_models.store.generations.switch_requests import NotLevel, NotNow, Switch, Truncated, meant
from read_models.store.mongo import Conflict, Unavailable, Unstorable, patiently
from read_models.store.quarantine.dead_letter_queries import ErrorCount, Letter
from read_models.store.quarantine.dead_letters import DeadLetter, Held, Position, owner_of
from read_models.store.quarantine.discards import Discard
from read_models.store.quarantine.holds import Hold, HoldChanged
from read_models.store.reading.snapshots import Pending, Snapshot
from read_models.store.store import Store
from read_models.store.views import Saving, Views, encoded, replacing, saving
from read_models.store.writer import Batch, CompareFailed, Known, Writer

__all__ = [
    "Advance",
    "Batch",
    "Checkpoint",
    "Claim",
    "ClaimLost",
    "CompareFailed",
    "Conflict",
    "DeadLetter",
    "Discard",
    "ErrorCount",
    "Filling",
    "Held",
    "Hold",
    "HoldChanged",
    "Known",
    "Letter",
    "NoGeneration",
    "NotLevel",
    "NotNow",
    "Pending",
    "Pointer",
    "Portion",
    "Position",
    "Progress",
    "Saving",
    "Slice",
    "Snapshot",
    "Store",
    "Switch",
    "Truncated",
    "Unavailable",
    "Unstorable",
    "Views",
    "Writer",
    "blank_filling",
    "encoded",
    "meant",
    "owner_of",
    "patiently",
    "replacing",
    "saving",
]
