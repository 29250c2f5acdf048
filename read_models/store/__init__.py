"""The only room with a database driver in it: views, checkpoints, generations, dead letters, and records beside."""

from read_models.store.checkpoints import Advance, Checkpoint
from read_models.store.dead_letters import DeadLetter, Held, Position, owner_of
from read_models.store.discards import Discard
from read_models.store.driver import Conflict, Unavailable, Unstorable, patiently
from read_models.store.filling import Claim, ClaimLost, Filling, Portion, Progress, Slice, blank_filling
from read_models.store.generations import NoGeneration, Pointer
from read_models.store.holds import Hold, HoldChanged
from read_models.store.letters import ErrorCount, Letter
from read_models.store.orders import NotLevel, NotNow, Switch, Truncated, meant
from read_models.store.snapshots import Pending, Snapshot
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
